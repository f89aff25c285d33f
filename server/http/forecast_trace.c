/* Numbers first, then the sentence. See forecast_trace.h. */
#include "server/http/forecast_trace.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void writer_numbers(struct writer *w, const char *key, const double *values, size_t n)
{
    writer_key(w, key);
    writer_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        writer_number(w, values[i]);
    }
    writer_close(w, ']');
}

static void field(struct writer *w, const char *key, double value)
{
    writer_key(w, key);
    writer_number(w, value);
}

/* ---- words ---- */

/* A sentence or two in the making; what does not fit is left out. */
struct phrase {
    char text[640];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void say(struct phrase *phrase, const char *format, ...)
{
    va_list arguments;
    size_t room = sizeof phrase->text - phrase->n;
    va_start(arguments, format);
    int n = vsnprintf(phrase->text + phrase->n, room, format, arguments);
    va_end(arguments);
    phrase->n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void say_start(struct phrase *phrase, const struct trm_forecast *forecast)
{
    const struct trm_trace_step *step = &forecast->trace[0];
    if (step->trust_n > 0) {
        say(phrase, "The drafts' consensus: at the first lead most of it is %s (%.0f%%).",
            step->trust[0][0].name, step->trust[0][0].weight * 100);
    } else {
        say(phrase, "The first guess of the drafts.");
    }
}

/* How the answer before this step did on what is known. */
static void say_verdict(struct phrase *phrase, const struct trm_trace_verify *verify)
{
    if (!isfinite(verify->size)) {
        say(phrase, "There is no past to hold the answer against yet");
        return;
    }
    say(phrase, "On the record the answer would have erred by %.2g sigma", verify->size);
    if (fabs(verify->bias) < 0.005) {
        say(phrase, ", to neither side on average");
    } else {
        say(phrase, ", on average %.2g sigma too %s", fabs(verify->bias), verify->bias > 0 ? "high" : "low");
    }
    say(phrase, ", with %.0f%% of the truth inside its 80%% interval", verify->coverage * 100);
}

/* Where the trust went at the first lead. */
static void say_trust(struct phrase *phrase, const struct trm_trace_step *before,
                      const struct trm_trace_step *step)
{
    const struct trm_draft_weight *was = &before->trust[0][0], *is = &step->trust[0][0];
    if (before->trust_n == 0 || step->trust_n == 0) {
        return;
    }
    if (was->name == is->name) {
        say(phrase, "; most trusted at the first lead is still %s (%.0f%%, was %.0f%%)", is->name,
            is->weight * 100, was->weight * 100);
    } else {
        say(phrase, "; trust moved from %s (%.0f%%) to %s (%.0f%%) at the first lead", was->name,
            was->weight * 100, is->name, is->weight * 100);
    }
}

/* Why there is no step after the last one. */
static void say_halt(struct phrase *phrase, const struct trm_forecast *forecast)
{
    const struct trm_trace_step *last = &forecast->trace[forecast->trace_n - 1];
    switch (forecast->halted) {
    case TRM_HALTED_SETTLED:
        say(phrase, " Halted: the median moved by %.2g%% of the 80%% interval, less than %.2g%%.",
            last->moved * 100, forecast->halted_below * 100);
        break;
    case TRM_HALTED_STEPS:
        say(phrase,
            " Halted: all %u steps are taken; the last one moved the median by %.2g%% of the 80%% "
            "interval.",
            (unsigned)forecast->halted_at, last->moved * 100);
        break;
    case TRM_HALTED_CONTENT:
        say(phrase, " Halted: another step is expected to help with a probability of %.0f%% only.",
            last->halt * 100);
        break;
    case TRM_HALTED_UNTHOUGHT:
        say(phrase, " No network answers, so nothing %s thought.",
            forecast->trace_n > 1 ? "more is" : "is");
        break;
    }
}

static void write_words(struct writer *w, const struct trm_forecast *forecast, size_t i)
{
    const struct trm_trace_step *step = &forecast->trace[i];
    struct phrase phrase = {.n = 0};
    if (i == 0) {
        say_start(&phrase, forecast);
    } else if (step->trust_n == 0) {
        say(&phrase, "The series' own network moved the median by %.2g%% of the 80%% interval.",
            step->moved * 100);
    } else {
        say_verdict(&phrase, &step->verify);
        say_trust(&phrase, step - 1, step);
        say(&phrase, ".");
    }
    if (i + 1 == forecast->trace_n) {
        say_halt(&phrase, forecast);
    }
    writer_key(w, "words");
    writer_string(w, phrase.text);
}

/* ---- numbers ---- */

/* null where there is no past to verify against. */
static void write_verification(struct writer *w, const struct trm_trace_verify *verify)
{
    writer_key(w, "verification");
    if (!isfinite(verify->size)) {
        writer_null(w);
        return;
    }
    writer_open(w, '{');
    field(w, "size", verify->size);
    field(w, "bias", verify->bias);
    field(w, "share_above", verify->above);
    field(w, "worst", verify->worst);
    field(w, "coverage", verify->coverage);
    writer_close(w, '}');
}

static void write_place(struct writer *w, const struct trm_draft_weight *drafts, size_t n)
{
    writer_key(w, "drafts");
    writer_open(w, '[');
    for (size_t k = 0; k < n && drafts[k].name != NULL; k++) {
        writer_open(w, '{');
        writer_key(w, "name");
        writer_string(w, drafts[k].name);
        field(w, "weight", drafts[k].weight);
        writer_close(w, '}');
    }
    writer_close(w, ']');
}

/* Which drafts were trusted most, at the first, the middle and the last lead. */
static void write_trust(struct writer *w, const struct trm_forecast *forecast,
                        const struct trm_trace_step *step)
{
    writer_key(w, "trusted");
    writer_open(w, '[');
    for (size_t i = 0; i < TRM_TRACE_PLACES && step->trust_n > 0; i++) {
        writer_open(w, '{');
        writer_key(w, "lead");
        writer_int(w, (int64_t)forecast->trace_place[i]);
        write_place(w, step->trust[i], step->trust_n);
        writer_close(w, '}');
    }
    writer_close(w, ']');
}

static void write_step(struct writer *w, const struct trm_forecast *forecast, size_t i)
{
    const struct trm_trace_step *step = &forecast->trace[i];
    writer_open(w, '{');
    writer_key(w, "step");
    writer_int(w, (int64_t)i);
    writer_numbers(w, "median", step->median, forecast->trace_leads);
    writer_numbers(w, "lower", step->low, forecast->trace_leads);
    writer_numbers(w, "upper", step->high, forecast->trace_leads);
    field(w, "update_y", step->update_y);
    field(w, "moved", step->moved);
    field(w, "update_z", step->update_z);
    field(w, "halt", step->moved);
    field(w, "halt_probability", step->halt);
    write_verification(w, &step->verify);
    write_trust(w, forecast, step);
    write_words(w, forecast, i);
    writer_key(w, "us");
    writer_int(w, (int64_t)step->us);
    writer_close(w, '}');
}

void forecast_write_trace(struct writer *w, const struct trm_forecast *forecast)
{
    writer_key(w, "trace");
    writer_open(w, '[');
    for (size_t i = 0; i < forecast->trace_n; i++) {
        write_step(w, forecast, i);
    }
    writer_close(w, ']');
}
