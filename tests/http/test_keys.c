/* Keys without a network: names, scopes, texts, the file, the Authorization header, what is redacted,
 * pauses, and a ring of keys on a loop of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/routes.h"
#include "server/keys/keyring.h"
#include "server/keys/pauses.h"

#define HASH "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"
#define SECRET "0123456789012345678901234567890123456789-_Z"

static struct err err;

static void said(const char *words)
{
    if (strstr(err.msg, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
}

/* ---- names, scopes, texts ---- */

static void scopes_include_smaller_ones(void **state)
{
    static const struct {
        const char *text;
        unsigned whole;
    } cases[] = {{"metrics", 1}, {"read", 3},         {"write", 7},
                 {"admin", 15},  {"metrics,read", 3}, {"write,read", 7}};
    unsigned scopes;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(key_scopes_parse(cases[i].text, strlen(cases[i].text), &scopes, &err), 0);
        assert_int_equal(scopes, cases[i].whole);
    }
    assert_string_equal(key_scope_name(15), "admin");
    assert_string_equal(key_scope_name(7), "write");
    assert_string_equal(key_scope_name(KEY_SCOPE_WRITE), "write");
    assert_string_equal(key_scope_name(KEY_SCOPE_METRICS), "metrics");
}

static void scopes_that_are_none_are_named(void **state)
{
    static const char *const wrong[] = {"", ",", "read,", ",read", "reads", "READ", "read write"};
    unsigned scopes = 99;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(key_scopes_parse(wrong[i], strlen(wrong[i]), &scopes, &err), -1);
        said("is no scope; expected some of read, write, admin, metrics");
        assert_int_equal(scopes, 99);
    }
}

static void every_row_of_the_routes_has_one_scope(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes_n; i++) {
        unsigned scope = routes[i].scope;
        if (scope == 0 || (scope & (scope - 1)) != 0 || scope > KEY_SCOPE_OPEN)
            fail_msg("%s has the scope %u", routes[i].path, scope);
    }
}

static void a_text_is_split_at_the_secret_whatever_the_name_holds(void **state)
{
    static const char *const names[] = {"a", "grafana", "a_b", "a_b_", "_", "tstrm_", "x.y-z"};
    char text[KEY_TEXT_MAX + 1];
    const char *name;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(text, sizeof text, "tstrm_%s_" SECRET, names[i]);
        assert_true(key_text_split(text, strlen(text), &name, &n));
        assert_int_equal(n, strlen(names[i]));
        assert_memory_equal(name, names[i], n);
    }
}

static void texts_of_another_form_are_no_keys(void **state)
{
    static const char *const wrong[] = {
        "", "tstrm_", "tstrm__" SECRET, "tstrm_a" SECRET, "Tstrm_a_" SECRET, "tstrm_a_" SECRET "!",
        "tstrm_a b_" SECRET, "tstrm_a_012345678901234567890123456789012345678+/=",
        "tstrm_123456789012345678901234567890123_" SECRET};
    const char *name;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (key_text_split(wrong[i], strlen(wrong[i]), &name, &n))
            fail_msg("%s is a key", wrong[i]);
}

static void new_keys_are_keys_and_differ(void **state)
{
    char a[KEY_TEXT_MAX + 1], b[KEY_TEXT_MAX + 1];
    const char *name;
    size_t n;
    (void)state;
    assert_int_equal(key_text_make("agent", a, &err), 0);
    assert_int_equal(key_text_make("agent", b, &err), 0);
    assert_true(key_text_split(a, strlen(a), &name, &n));
    assert_memory_equal(name, "agent", 5);
    assert_string_not_equal(a, b);
}

static void secrets_are_taken_out_of_texts_and_metrics_stay(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"no series \"tstrm_a_" SECRET "\"", "no series \"tstrm_***\""},
        {"tstrm_a_" SECRET " and tstrm_b_" SECRET, "tstrm_*** and tstrm_***"},
        {"cut: tstrm_a_0123456789012345678901Z", "cut: tstrm_***"},
        {"tstrm_process_resident_memory_bytes", "tstrm_process_resident_memory_bytes"},
        {"tstrm_fit_results_dropped_total{a=\"X\"}", "tstrm_fit_results_dropped_total{a=\"X\"}"},
        {"tstrm_", "tstrm_"},
        {"", ""},
    };
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        strcpy(text, cases[i].before);
        key_redact(text);
        assert_string_equal(text, cases[i].after);
    }
}

/* ---- hashes ---- */

static void a_hash_fits_its_key_alone(void **state)
{
    char hash[KEY_HASH_MAX];
    (void)state;
    assert_int_equal(key_hash_make("tstrm_a_" SECRET, sizeof "tstrm_a_" SECRET - 1, hash, &err), 0);
    assert_int_equal(key_hash_check(hash, strlen(hash), &err), 0);
    assert_int_equal(key_hash_fits(hash, "tstrm_a_" SECRET, sizeof "tstrm_a_" SECRET - 1), 1);
    assert_int_equal(key_hash_fits(hash, "tstrm_b_" SECRET, sizeof "tstrm_b_" SECRET - 1), 0);
    assert_int_equal(key_hash_fits(hash, "", 0), 0);
}

static void a_hash_that_would_cost_too_much_is_refused(void **state)
{
    static const struct {
        const char *hash, *words;
    } cases[] = {
        {"$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "must begin with $argon2id$"},
        {"$argon2id$v=16$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "v=19"},
        {"$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "m must be"},
        {"$argon2id$v=19$m=99999999999999999999,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "m must be"},
        {"$argon2id$v=19$m=7,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "m must be"},
        {"$argon2id$v=19$m=08,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "m must be"},
        {"$argon2id$v=19$m=8,t=17,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "t must be"},
        {"$argon2id$v=19$m=8,t=0,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "t must be"},
        {"$argon2id$v=19$m=8,t=1,p=2$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "p must be"},
        {"$argon2id$v=19$m=8,t=1,p=1$c2Fsd$AAAAAAAAAAAAAAAAAAAAAA", "salt"},
        {"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA", "hash must be"},
        {"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA==", "follows"},
        {"", "must begin"},
    };
    (void)state;
    assert_int_equal(key_hash_check(HASH, strlen(HASH), &err), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(key_hash_check(cases[i].hash, strlen(cases[i].hash), &err), -1);
        said(cases[i].words);
    }
}

/* ---- the file ---- */

static struct key_list *list;

static int parse(const char *text)
{
    list = NULL;
    return key_list_parse(text, strlen(text), "keys.txt", &list, &err);
}

static void lines_comments_and_blanks_are_read(void **state)
{
    (void)state;
    assert_int_equal(parse("# who\tmay\n\n  a\tread " HASH " # Ann\r\nb admin,metrics " HASH), 0);
    assert_int_equal(list->n, 2);
    assert_string_equal(list->keys[0].name, "a");
    assert_int_equal(list->keys[0].scopes, 3);
    assert_string_equal(list->keys[0].hash, HASH);
    assert_string_equal(list->keys[1].name, "b");
    assert_int_equal(list->keys[1].scopes, 15);
    key_list_free(list);
}

static void a_file_without_keys_lets_nobody_in_and_is_valid(void **state)
{
    (void)state;
    assert_int_equal(parse("# all taken away\n"), 0);
    assert_int_equal(list->n, 0);
    key_list_free(list);
}

static void a_bad_line_is_refused_with_its_number(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"a read " HASH "\nb read\n", "keys.txt:2: expected name, scopes and hash"},
        {"a read " HASH " x\n", "keys.txt:1: expected name, scopes and hash"},
        {"a read# " HASH "\n", "keys.txt:1: \"read#\" is no scope"},
        {"a/b read " HASH "\n", "keys.txt:1: a key's name has"},
        {"\n\na read $2b$12$abc\n", "keys.txt:3: the hash is not one of argon2id"},
        {"a read " HASH "\na write " HASH, "keys.txt:2: the name a is taken"},
        {"tstrm_a_" SECRET " read " HASH, "keys.txt:1: a key's name"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].text), -1);
        said(cases[i].words);
        assert_null(strstr(err.msg, SECRET)); /* somebody wrote the key where its name belongs */
        assert_null(list);
    }
    assert_int_equal(key_list_parse("a read \0", 8, "keys.txt", &list, &err), -1);
}

static void a_file_has_an_end(void **state)
{
    char *text = malloc((KEYS_MAX + 1) * 128);
    size_t n = 0;
    (void)state;
    for (int i = 0; i < KEYS_MAX; i++)
        n += (size_t)sprintf(text + n, "k%d read " HASH "\n", i);
    assert_int_equal(parse(text), 0);
    key_list_free(list);
    sprintf(text + n, "one.more read " HASH "\n");
    assert_int_equal(parse(text), -1);
    said("keys.txt:257: more than 256 keys");
    free(text);
}

/* ---- the header ---- */

static void keys_are_found_in_three_schemes(void **state)
{
    static const char *const right[] = {
        "Bearer tstrm_a_" SECRET, "bearer  tstrm_a_" SECRET "  ", "TOKEN tstrm_a_" SECRET,
        /* "u:" and ":" before the key */
        "Basic dTp0c3RybV9hXzAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODktX1o=",
        "basic OnRzdHJtX2FfMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OS1fWg=="};
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        struct shown_key shown;
        if (!authorization_read(right[i], &shown))
            fail_msg("%s holds no key", right[i]);
        assert_string_equal(shown.text, "tstrm_a_" SECRET);
        assert_int_equal(shown.n, strlen(shown.text));
        assert_string_equal(shown.name, "a");
    }
}

static void anything_else_holds_no_key(void **state)
{
    static const char *const wrong[] = {
        "", " ", "Bearer", "Bearer ", "Bearertstrm_a_" SECRET, "tstrm_a_" SECRET, "Negotiate tstrm_a_" SECRET,
        "Basic tstrm_a_" SECRET, "Basic !", "Basic dQ==", "Basic dTpwdw==", "Bearer x tstrm_a_" SECRET,
        "Bearer\ttstrm_a_" SECRET};
    struct shown_key shown;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (authorization_read(wrong[i], &shown))
            fail_msg("%s holds a key", wrong[i]);
}

/* ---- pauses ---- */

#define S UINT64_C(1000000000)

static void pauses_double_up_to_the_longest(void **state)
{
    static struct pauses pauses;
    uint64_t now_ns = 5 * S;
    (void)state;
    for (int i = 0; i < PAUSES_FREE; i++)
        pauses_wrong(&pauses, 7, now_ns);
    assert_int_equal(pauses_left_s(&pauses, 7, now_ns), 0);
    for (unsigned wait_s = 1; wait_s <= 64; wait_s *= 2) {
        pauses_wrong(&pauses, 7, now_ns);
        assert_int_equal(pauses_left_s(&pauses, 7, now_ns), wait_s);
        assert_int_equal(pauses_left_s(&pauses, 8, now_ns), 0);
        now_ns += wait_s * S;
        assert_int_equal(pauses_left_s(&pauses, 7, now_ns), 0);
    }
    pauses_wrong(&pauses, 7, now_ns);
    assert_int_equal(pauses_left_s(&pauses, 7, now_ns), 64);
}

static void a_right_key_or_time_ends_them(void **state)
{
    static struct pauses pauses;
    (void)state;
    for (int i = 0; i < 20; i++)
        pauses_wrong(&pauses, 7, S), pauses_wrong(&pauses, 9, S);
    pauses_right(&pauses, 7);
    assert_int_equal(pauses_left_s(&pauses, 7, S), 0);
    assert_int_equal(pauses_left_s(&pauses, 9, S), 64);
    uint64_t later_ns = S + PAUSES_FORGET_MS * UINT64_C(1000000);
    pauses_wrong(&pauses, 9, later_ns);
    assert_int_equal(pauses_left_s(&pauses, 9, later_ns), 0);
}

static void many_clients_have_room_by_forgetting_the_oldest(void **state)
{
    static struct pauses pauses;
    (void)state;
    for (uint64_t client = 1; client <= 100000; client++)
        for (int i = 0; i <= PAUSES_FREE; i++)
            pauses_wrong(&pauses, client, client * 1000);
    assert_int_equal(pauses_left_s(&pauses, 100000, 100000 * 1000), 1);
    assert_int_equal(pauses_left_s(&pauses, 1, 100000 * 1000), 0);
}

/* ---- the ring ---- */

struct ring {
    uv_loop_t loop;
    uv_timer_t tick; /* keeps the loop alive, which a mailbox does not */
    struct counters counters;
    struct keyring *keyring;
    char keys[3][KEY_TEXT_MAX + 1];
    char file[3 * (KEY_HASH_MAX + 64)];
    enum key_verdict told[64];
    size_t told_n;
};

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Keys a (read), b (write) and c (admin), none checked yet. */
static struct ring *begin(void)
{
    static const char *const scopes[] = {"read", "write", "admin"};
    struct ring *ring = calloc(1, sizeof *ring);
    assert_int_equal(uv_loop_init(&ring->loop), 0);
    uv_timer_init(&ring->loop, &ring->tick);
    uv_timer_start(&ring->tick, on_tick, 1, 1);
    counters_init(&ring->counters);
    assert_int_equal(keyring_new(&ring->loop, &ring->counters, &ring->keyring, &err), 0);
    for (int i = 0; i < 3; i++) {
        char name[] = {(char)('a' + i), '\0'}, hash[KEY_HASH_MAX];
        assert_int_equal(key_text_make(name, ring->keys[i], &err), 0);
        assert_int_equal(key_hash_make(ring->keys[i], strlen(ring->keys[i]), hash, &err), 0);
        sprintf(ring->file + strlen(ring->file), "%s %s %s\n", name, scopes[i], hash);
    }
    assert_int_equal(parse(ring->file), 0);
    assert_false(keyring_on(ring->keyring));
    keyring_adopt(ring->keyring, list);
    assert_true(keyring_on(ring->keyring));
    return ring;
}

static void done(struct ring *ring)
{
    keyring_free(ring->keyring);
    uv_close((uv_handle_t *)&ring->tick, NULL);
    uv_run(&ring->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&ring->loop), 0);
    free(ring);
}

static void tell(void *ctx, enum key_verdict verdict)
{
    struct ring *ring = ctx;
    ring->told[ring->told_n++] = verdict;
}

static struct shown_key show(const char *key)
{
    char header[KEY_TEXT_MAX + 8];
    struct shown_key shown;
    snprintf(header, sizeof header, "Bearer %s", key);
    assert_true(authorization_read(header, &shown));
    return shown;
}

static enum key_verdict look(struct ring *ring, const char *key, uint64_t *ret_number)
{
    struct shown_key shown = show(key);
    return keyring_look(ring->keyring, &shown, ret_number);
}

static int check(struct ring *ring, const char *key, uint64_t client)
{
    struct shown_key shown = show(key);
    unsigned retry_s = 0;
    int rc = keyring_check(ring->keyring, &shown, client, tell, ring, &retry_s);
    assert_true(rc == 0 || retry_s >= 1);
    return rc;
}

/* Until n verdicts have been told, a minute at most. */
static void wait_for(struct ring *ring, size_t n)
{
    for (int i = 0; i < 60000 && ring->told_n < n; i++)
        uv_run(&ring->loop, UV_RUN_ONCE);
    assert_int_equal(ring->told_n, n);
}

static void a_right_key_is_checked_once_and_known_then(void **state)
{
    struct ring *ring = begin();
    uint64_t number = 0;
    (void)state;
    assert_int_equal(look(ring, ring->keys[1], &number), KEY_UNCHECKED);
    assert_int_equal(check(ring, ring->keys[1], 5), 0);
    assert_int_equal(check(ring, ring->keys[1], 6), 0); /* joins the first */
    wait_for(ring, 2);
    assert_int_equal(ring->told[0], KEY_RIGHT);
    assert_int_equal(ring->told[1], KEY_RIGHT);
    assert_int_equal(counters_get(&ring->counters, COUNTER_KEY_CHECKS), 1);
    assert_int_equal(look(ring, ring->keys[1], &number), KEY_RIGHT);
    assert_int_equal(keyring_scopes(ring->keyring, number), 7);
    assert_string_equal(keyring_name(ring->keyring, number), "b");
    done(ring);
}

static void a_wrong_key_is_known_to_be_wrong(void **state)
{
    struct ring *ring = begin();
    char wrong[KEY_TEXT_MAX + 1];
    uint64_t number = 99;
    (void)state;
    strcpy(wrong, ring->keys[0]);
    wrong[strlen(wrong) - 2] = wrong[strlen(wrong) - 2] == 'x' ? 'y' : 'x';
    const char *const keys[] = {wrong, "tstrm_nobody_" SECRET};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(look(ring, keys[i], &number), KEY_UNCHECKED);
        assert_int_equal(check(ring, keys[i], 5), 0);
        wait_for(ring, i + 1);
        assert_int_equal(ring->told[i], KEY_WRONG);
        assert_int_equal(look(ring, keys[i], &number), KEY_WRONG);
    }
    assert_int_equal(number, 99);
    assert_int_equal(look(ring, ring->keys[0], &number), KEY_UNCHECKED);
    done(ring);
}

static void one_client_has_few_checks_at_a_time(void **state)
{
    struct ring *ring = begin();
    char key[KEY_TEXT_MAX + 1];
    int begun = 0;
    (void)state;
    for (int i = 0; i < 20; i++) {
        sprintf(key, "tstrm_n%d_" SECRET, i);
        begun += check(ring, key, 5) == 0;
    }
    assert_in_range(begun, KEY_CHECKS_CLIENT_MAX, 20 - 1);
    assert_int_equal(check(ring, ring->keys[0], 6), 0); /* another one has its own */
    wait_for(ring, (size_t)begun + 1);
    assert_int_equal(ring->told[begun], KEY_RIGHT);
    done(ring);
}

static void wrong_keys_make_a_client_wait_and_nobody_else(void **state)
{
    struct ring *ring = begin();
    char key[KEY_TEXT_MAX + 1];
    (void)state;
    for (int i = 0; i <= PAUSES_FREE; i++) {
        sprintf(key, "tstrm_n%d_" SECRET, i);
        assert_int_equal(check(ring, key, 5), 0);
        wait_for(ring, (size_t)i + 1);
    }
    assert_int_equal(check(ring, ring->keys[0], 5), -1);
    assert_int_equal(check(ring, ring->keys[0], 6), 0);
    wait_for(ring, PAUSES_FREE + 2);
    assert_int_equal(ring->told[PAUSES_FREE + 1], KEY_RIGHT);
    done(ring);
}

static void a_reload_keeps_what_stays_and_forgets_what_goes(void **state)
{
    struct ring *ring = begin();
    uint64_t a = 0, b = 0, again = 0;
    (void)state;
    assert_int_equal(check(ring, ring->keys[0], 5), 0);
    assert_int_equal(check(ring, ring->keys[1], 5), 0);
    wait_for(ring, 2);
    assert_int_equal(look(ring, ring->keys[0], &a), KEY_RIGHT);
    assert_int_equal(look(ring, ring->keys[1], &b), KEY_RIGHT);
    char *second = strchr(ring->file, '\n') + 1;
    assert_int_equal(parse(second), 0); /* without a */
    keyring_adopt(ring->keyring, list);
    assert_int_equal(keyring_scopes(ring->keyring, a), 0);
    assert_null(keyring_name(ring->keyring, a));
    assert_int_equal(look(ring, ring->keys[0], &again), KEY_UNCHECKED);
    assert_int_equal(look(ring, ring->keys[1], &again), KEY_RIGHT);
    assert_int_equal(again, b);
    assert_int_equal(parse(ring->file), 0);
    keyring_adopt(ring->keyring, list);
    assert_int_equal(look(ring, ring->keys[0], &again), KEY_UNCHECKED); /* a number is never used twice */
    keyring_adopt(ring->keyring, NULL);
    assert_false(keyring_on(ring->keyring));
    done(ring);
}

static void a_check_that_a_reload_overtakes_says_nothing_wrong(void **state)
{
    struct ring *ring = begin();
    uint64_t number;
    (void)state;
    assert_int_equal(check(ring, ring->keys[0], 5), 0);
    assert_int_equal(check(ring, "tstrm_b_" SECRET, 5), 0);
    assert_int_equal(parse(strchr(ring->file, '\n') + 1), 0);
    keyring_adopt(ring->keyring, list);
    wait_for(ring, 2);
    assert_int_equal(ring->told[0], KEY_FAILED);
    assert_int_equal(ring->told[1], KEY_FAILED);
    assert_int_equal(look(ring, "tstrm_b_" SECRET, &number), KEY_UNCHECKED);
    done(ring);
}

static void whoever_waits_when_it_ends_is_told(void **state)
{
    struct ring *ring = begin();
    (void)state;
    assert_int_equal(check(ring, ring->keys[0], 1), 0);
    assert_int_equal(check(ring, ring->keys[1], 2), 0);
    assert_int_equal(check(ring, ring->keys[2], 3), 0);
    keyring_free(ring->keyring);
    assert_int_equal(ring->told_n, 3);
    ring->keyring = NULL;
    done(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_include_smaller_ones),
        cmocka_unit_test(scopes_that_are_none_are_named),
        cmocka_unit_test(every_row_of_the_routes_has_one_scope),
        cmocka_unit_test(a_text_is_split_at_the_secret_whatever_the_name_holds),
        cmocka_unit_test(texts_of_another_form_are_no_keys),
        cmocka_unit_test(new_keys_are_keys_and_differ),
        cmocka_unit_test(secrets_are_taken_out_of_texts_and_metrics_stay),
        cmocka_unit_test(a_hash_fits_its_key_alone),
        cmocka_unit_test(a_hash_that_would_cost_too_much_is_refused),
        cmocka_unit_test(lines_comments_and_blanks_are_read),
        cmocka_unit_test(a_file_without_keys_lets_nobody_in_and_is_valid),
        cmocka_unit_test(a_bad_line_is_refused_with_its_number),
        cmocka_unit_test(a_file_has_an_end),
        cmocka_unit_test(keys_are_found_in_three_schemes),
        cmocka_unit_test(anything_else_holds_no_key),
        cmocka_unit_test(pauses_double_up_to_the_longest),
        cmocka_unit_test(a_right_key_or_time_ends_them),
        cmocka_unit_test(many_clients_have_room_by_forgetting_the_oldest),
        cmocka_unit_test(a_right_key_is_checked_once_and_known_then),
        cmocka_unit_test(a_wrong_key_is_known_to_be_wrong),
        cmocka_unit_test(one_client_has_few_checks_at_a_time),
        cmocka_unit_test(wrong_keys_make_a_client_wait_and_nobody_else),
        cmocka_unit_test(a_reload_keeps_what_stays_and_forgets_what_goes),
        cmocka_unit_test(a_check_that_a_reload_overtakes_says_nothing_wrong),
        cmocka_unit_test(whoever_waits_when_it_ends_is_told),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
