"""Scores of forecasts over a data set, by the definitions of M4 and GIFT-Eval.

MASE     mean |y - median| / scale of each series, averaged; scale is the line's mase_scale, or the mean
         seasonal difference of its history (with gift: its gift_scale first).
WQL      mean over deciles of 2 sum(pinball) / sum|y|, over the whole set.
sQL      mean over deciles and steps of 2 pinball / scale of each series, averaged.
cov80/95 share of what came inside [q0.1, q0.9] and [q0.025, q0.975].

Missing values (null) drop out of every sum; a series without a positive scale drops out altogether.
"""
DECILES = [i / 10 for i in range(1, 10)]


def seasonal_error(values, season):
    pairs = [(a, b) for a, b in zip(values, values[season:]) if a is not None and b is not None]
    return sum(abs(b - a) for a, b in pairs) / len(pairs) if pairs else 0.0


def pinball2(y, q, level):
    d = y - q
    return 2 * max(level * d, (level - 1) * d)


class Scores:
    def __init__(self, gift=False):
        self.gift = gift
        self.mases, self.sqls, self.fit_seconds = [], [], []
        self.loss = {level: 0.0 for level in DECILES}
        self.absolute = 0.0
        self.inside = {"cov80": [0, 0], "cov95": [0, 0]}

    def scale(self, line):
        given = (line.get("gift_scale") if self.gift else None) or line.get("mase_scale")
        return given or seasonal_error(line["train"], line["season"])

    def add(self, line, forecast, fit_seconds=0.0):
        scale = self.scale(line)
        self.fit_seconds.append(fit_seconds)
        steps = [(i, y) for i, y in enumerate(line["test"]) if y is not None]
        if not scale > 0 or not steps:
            return
        q = forecast["quantiles"]
        self.mases.append(sum(abs(y - forecast["median"][i]) for i, y in steps) / len(steps) / scale)
        self.absolute += sum(abs(y) for _, y in steps)
        total = 0.0
        for level in DECILES:
            loss = sum(pinball2(y, q[f"{level:g}"][i], level) for i, y in steps)
            self.loss[level] += loss
            total += loss
        self.sqls.append(total / len(DECILES) / len(steps) / scale)
        for name, low, high in (("cov80", "0.1", "0.9"), ("cov95", "0.025", "0.975")):
            self.inside[name][0] += sum(1 for i, y in steps if q[low][i] <= y <= q[high][i])
            self.inside[name][1] += len(steps)

    def result(self):
        found = {"n": len(self.mases), "MASE": None, "WQL": None, "sQL": None}
        if self.mases:
            found["MASE"] = sum(self.mases) / len(self.mases)
            found["sQL"] = sum(self.sqls) / len(self.sqls)
            found.update({name: hit / n for name, (hit, n) in self.inside.items()})
        if self.absolute:
            found["WQL"] = sum(loss / self.absolute for loss in self.loss.values()) / len(DECILES)
        if self.fit_seconds:
            found["fit_wait_s"] = round(sum(self.fit_seconds) / len(self.fit_seconds), 4)
        return found
