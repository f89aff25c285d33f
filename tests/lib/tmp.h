/* A folder of a test's own, with files in it. Any failure ends the test program: there is nothing
 * to test without it. */
#ifndef TESTS_LIB_TMP_H
#define TESTS_LIB_TMP_H

#define TMP_PATH_MAX 512

/* Makes a folder under $TMPDIR (or /tmp) and writes its path to buf[TMP_PATH_MAX]. */
void tmp_make(char *buf);

/* Writes text to folder/name, making the folders between. */
void tmp_write(const char *folder, const char *name, const char *text);

/* Removes the folder and everything in it. */
void tmp_remove(const char *folder);

#endif
