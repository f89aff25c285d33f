/* Numbers and flags only, so nothing has to be escaped. */
#include "server/service/fit_result.h"

#include "server/service/report_number.h"

#include <stdio.h>
#include <string.h>

#define WIDENING_MAX (4 * REPORT_NUMBER_MAX + 32)

static const char *flag(bool v)
{
    return v ? "true" : "false";
}

static void literal_result(const struct trm_fit_report *report, char *buf, size_t buf_n)
{
    char first[REPORT_NUMBER_MAX], last[REPORT_NUMBER_MAX], base[REPORT_NUMBER_MAX],
        new[REPORT_NUMBER_MAX];

    snprintf(buf, buf_n,
             "\"kept_base\":%s,\"windows\":%zu,\"loss_first\":%s,\"loss_last\":%s,\"mae_base\":%s,"
             "\"mae_new\":%s,",
             flag(report->kept_base), report->windows, report_number(report->loss_first, first),
             report_number(report->loss_last, last), report_number(report->mae_base, base),
             report_number(report->mae_new, new));
}

static const char *answerer(const struct trm_gate *gate)
{
    return gate->by == TRM_BY_DRAFT ? gate->draft : trm_answered_by_name(gate->by);
}

/* {"80":[below,above],"95":[below,above]} */
static const char *widening(const struct trm_widening *w, char *buf)
{
    char n[4][REPORT_NUMBER_MAX];

    snprintf(buf, WIDENING_MAX, "{\"80\":[%s,%s],\"95\":[%s,%s]}",
             report_number(w->factor[0][0], n[0]), report_number(w->factor[1][0], n[1]),
             report_number(w->factor[0][1], n[2]), report_number(w->factor[1][1], n[3]));
    return buf;
}

/* The losses behind a verdict. */
static void gate_result(const struct trm_gate *gate, char *buf, size_t buf_n)
{
    char network[REPORT_NUMBER_MAX], consensus[REPORT_NUMBER_MAX], draft[REPORT_NUMBER_MAX],
        gain[REPORT_NUMBER_MAX], certainty[REPORT_NUMBER_MAX];
    const char *quote = gate->best_draft ? "\"" : "";

    snprintf(buf, buf_n,
             "\"loss_network\":%s,\"loss_consensus\":%s,\"best_draft\":%s%s%s,\"loss_draft\":%s,"
             "\"gain\":%s,\"certainty\":%s,",
             report_number(gate->loss_network, network),
             report_number(gate->loss_consensus, consensus), quote,
             gate->best_draft ? gate->best_draft : "null", quote,
             report_number(gate->loss_draft, draft), report_number(gate->gain, gain),
             report_number(gate->certainty, certainty));
}

/* Who answers now and before (null where nothing was measured yet), the losses behind it, the
 * widening. Names of drafts need no escape. */
static void record_result(const struct trm_fit_report *report, char *buf, size_t buf_n)
{
    char wide[WIDENING_MAX], was[WIDENING_MAX] = "null";
    bool measured_before = report->gate_before.origins > 0;
    const char *quote = measured_before ? "\"" : "";

    if (measured_before)
        widening(&report->widening_before, was);
    snprintf(
        buf, buf_n,
        "\"origins_old\":%zu,\"origins_new\":%zu,\"answers\":\"%s\",\"answered_before\":%s%s%s,",
        report->origins_old, report->origins_new, answerer(&report->gate_after), quote,
        measured_before ? answerer(&report->gate_before) : "null", quote);
    size_t used = strlen(buf);
    gate_result(&report->gate_after, buf + used, buf_n - used);
    used = strlen(buf);
    snprintf(buf + used, buf_n - used, "\"widening\":%s,\"widening_before\":%s,",
             widening(&report->widening_after, wide), was);
}

static const char *const said[] = {
    [FIT_NOT_PUBLISHED] = "it is not published: the model that answers is better",
    [FIT_PUBLISHED_AS_ASKED] = "it is published all the same, as was asked",
    [FIT_PUBLISHED_AT_LAST] = "it is published all the same: the fits before it were refused for this, too"};

/* Who scored what on how much that neither had seen, and what came of it. */
static void duel_result(const struct trm_duel *duel, enum fit_verdict verdict, char *buf, size_t buf_n)
{
    char champion[REPORT_NUMBER_MAX], challenger[REPORT_NUMBER_MAX], words[256] = "";

    if (verdict != FIT_PUBLISHED)
        snprintf(words, sizeof words,
                 "\"why\":\"on %zu held-out values its loss is %.4g, that of the model that answers %.4g; "
                 "%s\",",
                 duel->values, duel->challenger, duel->champion, said[verdict]);
    if (!duel->values) {
        snprintf(buf, buf_n, "\"published\":true,\"held_out\":0,");
        return;
    }
    snprintf(buf, buf_n, "\"published\":%s,%s\"held_out\":%zu,\"loss_champion\":%s,\"loss_challenger\":%s,",
             flag(verdict != FIT_NOT_PUBLISHED), words, duel->values,
             report_number(duel->champion, champion), report_number(duel->challenger, challenger));
}

void fit_result_write(const struct fit_task *task, uint64_t version, enum fit_verdict verdict, char *buf,
                      size_t buf_n)
{
    const struct trm_fit_report *report = &task->report;
    bool literal = task->config.kind == TRM_KIND_LITERAL;
    char seconds[REPORT_NUMBER_MAX], duel[512];

    report_number((double)task->cpu_ns * 1e-9, seconds);
    duel_result(&report->duel, verdict, duel, sizeof duel);
    int n = snprintf(buf, buf_n,
                     "{\"version\":%llu,\"incremental\":%s,\"model\":\"%s\",\"steps\":%llu,%s",
                     (unsigned long long)version, flag(report->incremental),
                     trm_kind_name(task->config.kind), (unsigned long long)report->steps, duel);
    if (literal)
        literal_result(report, buf + n, buf_n - (size_t)n);
    else
        record_result(report, buf + n, buf_n - (size_t)n);
    size_t used = strlen(buf);
    snprintf(buf + used, buf_n - used, "\"seconds\":%s}", seconds);
}
