/* Protobuf's wire format: fields as they were put, and what is refused. */
#include "server/wire/protobuf.h"
#include "tests/wire/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_refused(const char *bytes, size_t n, const char *words, const char *place)
{
    struct pb_field field = {.number = 77};
    struct err err = {.code = ERR_NONE};
    uint8_t *in = guarded(bytes, n);
    struct pb_reader reader = pb_open(in, n);
    int more;
    while ((more = pb_next(&reader, &field, &err)) == 1) {
    }
    assert_int_equal(more, -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    if (strstr(err.msg, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    }
    assert_string_equal(err.place, place);
    guarded_free(in, n);
}

#define BYTES(text) text, sizeof text - 1

static void fields_of_every_type_come_out_as_they_were_put(void **state)
{
    struct bytes message = {0};
    struct pb_field field;
    struct err err;
    (void)state;
    put_number(&message, 1, 150);
    put_double(&message, 536870911, -0.5);
    put_text(&message, 3, "text");
    bytes_add(&message, BYTES("\x25\x01\x02\x03\x04")); /* field 4, four bytes */
    put_number(&message, 5, UINT64_MAX);
    struct pb_reader reader = pb_open(message.at, message.n);
    assert_int_equal(pb_next(&reader, &field, &err), 1);
    assert_true(field.number == 1 && field.type == PB_VARINT && field.value == 150);
    assert_int_equal(field.bytes.n, 0);
    assert_int_equal(pb_next(&reader, &field, &err), 1);
    assert_true(field.number == 536870911 && field.type == PB_FIXED64);
    assert_true(pb_double(&field) == -0.5);
    assert_int_equal(pb_next(&reader, &field, &err), 1);
    assert_true(field.number == 3 && field.type == PB_BYTES && field.value == 0);
    assert_true(wire_slice_is(field.bytes, "text"));
    assert_int_equal(pb_next(&reader, &field, &err), 1);
    assert_true(field.number == 4 && field.type == PB_FIXED32 && field.value == 0x04030201);
    assert_int_equal(pb_next(&reader, &field, &err), 1);
    assert_true(field.number == 5 && field.value == UINT64_MAX);
    assert_int_equal(pb_next(&reader, &field, &err), 0);
    assert_int_equal(pb_next(&reader, &field, &err), 0);
    bytes_done(&message);
}

static void an_empty_message_has_no_fields(void **state)
{
    struct pb_reader reader = pb_open(NULL, 0);
    struct pb_field field = {.number = 77};
    struct err err;
    (void)state;
    assert_int_equal(pb_next(&reader, &field, &err), 0);
    assert_int_equal(field.number, 77);
}

static void broken_messages_are_refused_with_the_byte(void **state)
{
    (void)state;
    assert_refused(BYTES("\x08"), "ends inside a varint", "byte 1");
    assert_refused(BYTES("\x08\x80\x80"), "ends inside a varint", "byte 1");
    assert_refused(BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "more than 64 bits",
                   "byte 1");
    assert_refused(BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "more than 64 bits",
                   "byte 1");
    assert_refused(BYTES("\x09\0\0\0\0\0\0\0"), "number of 8 bytes", "byte 1");
    assert_refused(BYTES("\x0d\0\0\0"), "number of 4 bytes", "byte 1");
    assert_refused(BYTES("\x08\x01\x0a\x03xy"), "3 bytes, but the message has 2", "byte 3");
    assert_refused(BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"), "message has 1",
                   "byte 1");
    assert_refused(BYTES("\x00\x01"), "number is 0", "byte 0");
    assert_refused(BYTES("\x80\x80\x80\x80\x10"), "number is 536870912", "byte 0");
    assert_refused(BYTES("\x0b\x0c"), "group", "byte 0");
    assert_refused(BYTES("\x08\x01\x0c"), "group", "byte 2");
    assert_refused(BYTES("\x0e\x01"), "wire type 6", "byte 0");
    assert_refused(BYTES("\x0f\x01"), "wire type 7", "byte 0");
}

static void errors_inside_a_nested_message_count_from_the_outermost_byte(void **state)
{
    struct pb_reader outer = pb_open("\x08\x01\x12\x02\x08\x80", 6);
    struct pb_field field;
    struct err err;
    (void)state;
    assert_int_equal(pb_next(&outer, &field, &err), 1);
    assert_int_equal(pb_next(&outer, &field, &err), 1);
    struct pb_reader inner = pb_inside(&outer, &field);
    assert_int_equal(pb_next(&inner, &field, &err), -1);
    assert_string_equal(err.place, "byte 5");
}

static void a_field_of_another_type_than_its_schemas_is_named(void **state)
{
    struct pb_reader reader = pb_open("\x08\x01", 2);
    struct pb_field field;
    struct err err;
    (void)state;
    assert_int_equal(pb_next(&reader, &field, &err), 1);
    assert_int_equal(pb_expect(&reader, &field, PB_VARINT, "a count", &err), 0);
    assert_int_equal(pb_expect(&reader, &field, PB_BYTES, "a name", &err), -1);
    assert_string_equal(
        err.msg, "a name (field 1) is encoded as a varint, expected bytes with their length");
}

static void varints_put_at_random_come_out_the_same(void **state)
{
    struct bytes packed = {0};
    uint64_t values[1000], seed = 1, value;
    struct err err;
    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        uint64_t bits = next_random(&seed) << 32 ^ next_random(&seed);
        values[i] = bits >> (next_random(&seed) % 64);
        put_varint(&packed, values[i]);
    }
    uint8_t *in = guarded(packed.at, packed.n);
    struct pb_reader reader = pb_open(in, packed.n);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(pb_varint(&reader, &value, &err), 1);
        assert_true(value == values[i]);
    }
    assert_int_equal(pb_varint(&reader, &value, &err), 0);
    guarded_free(in, packed.n);
    bytes_done(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_every_type_come_out_as_they_were_put),
        cmocka_unit_test(an_empty_message_has_no_fields),
        cmocka_unit_test(broken_messages_are_refused_with_the_byte),
        cmocka_unit_test(errors_inside_a_nested_message_count_from_the_outermost_byte),
        cmocka_unit_test(a_field_of_another_type_than_its_schemas_is_named),
        cmocka_unit_test(varints_put_at_random_come_out_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
