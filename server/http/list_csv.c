/* One line for each entry. See list_csv.h. */
#include "server/http/list_csv.h"

#include "server/http/number.h"
#include "server/http/response.h"

#include <math.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest JSON text of a series' labels, each byte of them escaped. */
#define LABELS_BYTES_MAX ((size_t)128 << 10)

const unsigned list_media[2] = {MEDIA_JSON, MEDIA_CSV};

/* ---- fields: each ends with its comma or the line's end ---- */

static void end_field(struct writer *w, char end)
{
    writer_bytes(w, &end, 1);
}

static void text_field(struct writer *w, const char *text, char end)
{
    if (text != NULL)
        writer_csv_text(w, text);
    end_field(w, end);
}

static void int_field(struct writer *w, int64_t v, char end)
{
    char text[NUMBER_TEXT_MAX];
    writer_bytes(w, text, number_format_int(v, text));
    end_field(w, end);
}

static void number_field(struct writer *w, double v, char end)
{
    char text[NUMBER_TEXT_MAX];
    if (isfinite(v))
        writer_bytes(w, text, number_format_exact(v, text));
    end_field(w, end);
}

static void time_field(struct writer *w, bool known, int64_t ms, enum time_form form)
{
    char text[TRM_TIME_TEXT_MAX > NUMBER_TEXT_MAX ? TRM_TIME_TEXT_MAX : NUMBER_TEXT_MAX] = "";
    if (known && form == TIME_MS)
        number_format_int(ms, text);
    else if (known)
        trm_time_format(ms, text);
    text_field(w, text, ',');
}

/* ---- series ---- */

static void labels_field(struct writer *w, const struct series_settings *settings)
{
    struct writer labels;
    struct err err;
    char *text;
    size_t n;
    writer_init(&labels, LABELS_BYTES_MAX);
    writer_open(&labels, '{');
    for (uint32_t i = 0; i < settings->label_n; i++) {
        writer_key_string(&labels, settings->labels[i].name);
        writer_string(&labels, settings->labels[i].value);
    }
    writer_close(&labels, '}');
    if (writer_finish(&labels, &text, &n, &err) != 0) {
        w->failed = err.code;
        return;
    }
    text_field(w, text, '\n');
    free(text);
}

void series_csv_head(struct writer *writer)
{
    writer_text(writer, "id,frequency,season,horizon,model,state,points,revision,last_timestamp,last_value,"
                        "created_at,model_version,labels\n");
}

void series_csv_write(struct writer *w, const struct series_view *view, enum time_form form)
{
    char frequency[TRM_FREQ_TEXT_MAX] = "infer";
    if (view->freq.ms != 0 || view->freq.months != 0)
        trm_freq_format(view->freq, frequency);
    text_field(w, view->id, ',');
    text_field(w, frequency, ',');
    view->season == 0 ? end_field(w, ',') : int_field(w, view->season, ',');
    int_field(w, view->horizon, ',');
    text_field(w, trm_kind_name(view->settings->model), ',');
    text_field(w, view->state, ',');
    int_field(w, (int64_t)view->point_n, ',');
    int_field(w, (int64_t)view->revision, ',');
    time_field(w, view->has_last, view->last.t, form);
    number_field(w, view->has_last ? view->last.v : (double)NAN, ',');
    time_field(w, true, view->created_at, form);
    int_field(w, (int64_t)view->model_version, ',');
    labels_field(w, view->settings);
}

/* ---- jobs ---- */

void jobs_csv_head(struct writer *writer)
{
    writer_text(writer, "id,kind,mode,series,state,progress,step,loss,eta_s,created_at,started_at,"
                        "finished_at,error\n");
}

void job_csv_write(struct writer *w, const struct job_view *view, enum time_form form)
{
    const struct job_row *row = view->row;
    text_field(w, row->id, ',');
    text_field(w, job_kind_name(row->kind), ',');
    text_field(w, row->kind != JOB_FIT ? "" : row->full ? "full" : "incremental", ',');
    text_field(w, view->series_id, ',');
    text_field(w, job_state_name(row->state), ',');
    number_field(w, isfinite(view->progress) ? view->progress : 0, ',');
    int_field(w, (int64_t)view->step, ',');
    number_field(w, view->loss, ',');
    number_field(w, view->eta_s, ',');
    time_field(w, row->created_at != 0, row->created_at, form);
    time_field(w, row->started_at != 0, row->started_at, form);
    time_field(w, row->finished_at != 0, row->finished_at, form);
    text_field(w, row->finished_at != 0 ? row->error : "", '\n');
}

/* ---- pages ---- */

static void escape(struct writer *w, const char *text)
{
    char byte[4];
    for (; *text != '\0'; text++) {
        bool plain = (*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= 'a' && *text <= 'z') || strchr("-._~", *text) != NULL;
        if (plain)
            writer_bytes(w, text, 1);
        else
            writer_bytes(w, byte, (size_t)snprintf(byte, sizeof byte, "%%%02X", (unsigned char)*text));
    }
}

/* Link: <the request's target with this cursor>; rel="next" */
static void add_next_page(struct request *request, const char *cursor)
{
    struct writer w;
    struct err err;
    const char *path, *at;
    char *text, mark = '?';
    size_t n, path_n = request_path(request, &path);
    writer_init(&w, 2 * URI_BYTES_MAX + 64);
    writer_text(&w, "<");
    writer_bytes(&w, path, path_n);
    for (at = path + path_n; *at == '?' || *at == '&'; at += n) {
        n = strcspn(++at, "&#");
        if (strncmp(at, "cursor=", 7) == 0)
            continue;
        writer_bytes(&w, &mark, 1);
        writer_bytes(&w, at, n);
        mark = '&';
    }
    writer_bytes(&w, &mark, 1);
    writer_text(&w, "cursor=");
    escape(&w, cursor);
    writer_text(&w, ">; rel=\"next\"");
    if (writer_finish(&w, &text, &n, &err) != 0)
        return;
    answer_header(request, MHD_HTTP_HEADER_LINK, text);
    free(text);
}

void list_open(struct writer *writer, const char *name)
{
    writer_open(writer, '{');
    writer_key(writer, name);
    writer_open(writer, '[');
}

void answer_list(struct request *request, struct writer *writer, unsigned media, const char *next)
{
    if (media == MEDIA_CSV) {
        answer_writer(request, MHD_HTTP_OK, TYPE_CSV, writer);
    } else {
        writer_close(writer, ']');
        writer_key(writer, "next");
        writer_string(writer, next);
        writer_close(writer, '}');
        answer_writer(request, MHD_HTTP_OK, TYPE_JSON, writer);
    }
    if (next != NULL && request->response != NULL)
        add_next_page(request, next);
}
