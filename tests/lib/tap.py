"""Runs the calling module's unittest cases and reports them as TAP, so that meson counts each of them."""
import sys
import unittest


class TapResult(unittest.TestResult):
    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.count = 0

    def line(self, ok, test, more=""):
        self.count += 1
        name = test.id().replace("__main__.", "").replace("#", "")
        self.stream.write(f"{'ok' if ok else 'not ok'} {self.count} - {name}{more}\n")
        self.stream.flush()

    def explain(self, test, error):
        """On standard error, which meson shows of a test that failed."""
        sys.stderr.write(f"{test.id()}\n{self._exc_info_to_string(error, test)}\n")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line(True, test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.line(False, test)
        self.explain(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.line(False, test)
        self.explain(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.line(False, subtest)
            self.explain(subtest, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line(True, test, f" # SKIP {reason}")


def main():
    """Ends the program with the verdict. Arguments: parts of test names; none: all."""
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{part}*" for part in sys.argv[1:]] or None
    result = TapResult(sys.stdout)
    loader.loadTestsFromModule(sys.modules["__main__"]).run(result)
    sys.stdout.write(f"1..{result.count}\n")
    sys.exit(0 if result.wasSuccessful() else 1)
