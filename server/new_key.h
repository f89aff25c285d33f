/* tstrmd --new-key NAME: makes a key and the line that lets it in. */
#ifndef SERVER_NEW_KEY_H
#define SERVER_NEW_KEY_H

#include "server/daemon.h"

/* argv[1] is --new-key. Prints the key on standard output, once and nowhere else; its line behind it,
 * or, where --api-keys names a file, at that file's end. */
enum exit_code new_key(int argc, char **argv);

#endif
