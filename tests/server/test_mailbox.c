/* The mailbox: order, completeness, delivery on the loop. */
#include "server/base/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#define SENDERS 8
#define PER_SENDER 5000

struct fixture {
    uv_loop_t loop;
    struct mailbox *mailbox;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err err;

    *state = f;
    return uv_loop_init(&f->loop) || mailbox_new(&f->loop, &f->mailbox, &err);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    mailbox_free(f->mailbox);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&f->loop);
    free(f);
    return rc;
}

struct letter {
    struct message message; /* first */
    unsigned sender, number;
    struct reader *reader;
};

struct reader {
    uv_loop_t *loop;
    uv_thread_t thread;
    uv_async_t keep_alive;
    struct mailbox *mailbox;
    unsigned next[SENDERS]; /* number expected from each */
    unsigned got, wanted, out_of_order, wrong_thread;
};

static void read_letter(struct message *message)
{
    struct letter *letter = (struct letter *)message;
    struct reader *reader = letter->reader;
    uv_thread_t self = uv_thread_self();

    if (letter->number != reader->next[letter->sender]++)
        reader->out_of_order++;
    if (!uv_thread_equal(&self, &reader->thread))
        reader->wrong_thread++;
    if (++reader->got == reader->wanted)
        uv_close((uv_handle_t *)&reader->keep_alive, NULL);
    free(letter);
}

static void post(struct reader *reader, unsigned sender, unsigned number)
{
    struct letter *letter = calloc(1, sizeof *letter);

    if (!letter)
        abort();
    *letter = (struct letter){{.deliver = read_letter}, sender, number, reader};
    mailbox_post(reader->mailbox, &letter->message);
}

static void reader_init(struct reader *reader, struct fixture *f, unsigned wanted)
{
    *reader = (struct reader){
        .loop = &f->loop, .thread = uv_thread_self(), .mailbox = f->mailbox, .wanted = wanted};
    uv_async_init(reader->loop, &reader->keep_alive, NULL);
}

struct sender {
    uv_thread_t thread;
    unsigned index;
    struct reader *reader;
};

static void send_all(void *arg)
{
    struct sender *sender = arg;

    for (unsigned i = 0; i < PER_SENDER; i++)
        post(sender->reader, sender->index, i);
}

static void each_sender_is_delivered_completely_and_in_order(void **state)
{
    struct reader reader;
    struct sender senders[SENDERS];

    reader_init(&reader, *state, SENDERS * PER_SENDER);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i].index = i;
        senders[i].reader = &reader;
        assert_int_equal(uv_thread_create(&senders[i].thread, send_all, &senders[i]), 0);
    }
    uv_run(reader.loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < SENDERS; i++)
        uv_thread_join(&senders[i].thread);
    assert_int_equal(reader.got, SENDERS * PER_SENDER);
    assert_int_equal(reader.out_of_order, 0);
    assert_int_equal(reader.wrong_thread, 0);
}

static void draining_delivers_what_waits_and_counts_it(void **state)
{
    struct fixture *f = *state;
    struct reader reader;

    reader_init(&reader, f, 3);
    assert_int_equal(mailbox_drain(f->mailbox), 0);
    for (unsigned i = 0; i < 3; i++)
        post(&reader, 0, i);
    assert_int_equal(reader.got, 0);
    assert_int_equal(mailbox_drain(f->mailbox), 3);
    assert_int_equal(reader.got, 3);
    assert_int_equal(reader.out_of_order, 0);
    assert_int_equal(mailbox_drain(f->mailbox), 0);
    uv_run(reader.loop, UV_RUN_DEFAULT); /* until the reader's handle is closed */
}

struct echo {
    struct message message; /* first */
    struct mailbox *mailbox;
    unsigned delivered;
};

static void post_again(struct message *message)
{
    struct echo *echo = (struct echo *)message;

    if (++echo->delivered < 3)
        mailbox_post(echo->mailbox, message);
}

static void a_message_posted_while_delivering_waits_for_the_next_turn(void **state)
{
    struct fixture *f = *state;
    struct echo echo = {{.deliver = post_again}, f->mailbox, 0};

    mailbox_post(f->mailbox, &echo.message);
    for (unsigned turn = 1; turn <= 3; turn++) {
        assert_int_equal(mailbox_drain(f->mailbox), 1);
        assert_int_equal(echo.delivered, turn);
    }
    assert_int_equal(mailbox_drain(f->mailbox), 0);
}

static void the_mailbox_alone_does_not_keep_the_loop_alive(void **state)
{
    struct fixture *f = *state;

    assert_false(uv_loop_alive(&f->loop));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_sender_is_delivered_completely_and_in_order),
        TEST(draining_delivers_what_waits_and_counts_it),
        TEST(a_message_posted_while_delivering_waits_for_the_next_turn),
        TEST(the_mailbox_alone_does_not_keep_the_loop_alive),
    };

    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
