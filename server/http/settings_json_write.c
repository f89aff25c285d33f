/* Series and jobs as they are shown. */
#include "server/http/settings_json.h"

#include "server/base/zones.h"
#include "server/http/forecast_writer.h"

#include <math.h>

static void write_frequency(struct writer *w, const struct series_view *view)
{
    char text[TRM_FREQ_TEXT_MAX];
    writer_key(w, "frequency");
    if (view->freq.ms == 0 && view->freq.months == 0) {
        writer_string(w, "infer");
        return;
    }
    trm_freq_format(view->freq, text);
    writer_string(w, text);
}

static void write_season(struct writer *w, const struct series_settings *settings)
{
    writer_key(w, "season");
    if (settings->season_n == 0) {
        writer_string(w, "auto");
        return;
    }
    writer_open(w, '[');
    for (uint32_t i = 0; i < settings->season_n; i++) {
        writer_int(w, settings->season[i]);
    }
    writer_close(w, ']');
}

static void write_fit(struct writer *w, const struct series_settings *settings)
{
    writer_key(w, "fit");
    switch (settings->fit) {
    case FIT_AUTO:
        writer_string(w, "auto");
        break;
    case FIT_OFF:
        writer_string(w, "off");
        break;
    case FIT_EVERY:
        writer_int(w, settings->fit_every);
        break;
    }
}

static void write_settings(struct writer *w, const struct series_view *view)
{
    const struct series_settings *settings = view->settings;
    write_frequency(w, view);
    writer_key(w, "timezone");
    writer_string(w, zone_shown(settings->zone));
    write_season(w, settings);
    writer_key(w, "horizon");
    writer_int(w, view->horizon);
    writer_key(w, "min");
    writer_number_exact(w, settings->min);
    writer_key(w, "max");
    writer_number_exact(w, settings->max);
    writer_key(w, "integer");
    writer_bool(w, settings->integer);
    writer_key(w, "model");
    writer_string(w, trm_kind_name(settings->model));
    write_fit(w, settings);
    writer_key(w, "aggregate");
    settings->aggregate == AGGREGATE_NONE ? writer_null(w)
                                          : writer_string(w, aggregate_name(settings->aggregate));
    writer_key(w, "retention_points");
    settings->retention == 0 ? writer_null(w) : writer_int(w, settings->retention);
    writer_key(w, "labels");
    writer_open(w, '{');
    for (uint32_t i = 0; i < settings->label_n; i++) {
        writer_key_string(w, settings->labels[i].name);
        writer_string(w, settings->labels[i].value);
    }
    writer_close(w, '}');
}

static void write_last_point(struct writer *w, const struct series_view *view, enum time_form form)
{
    writer_key(w, "last_point");
    if (!view->has_last) {
        writer_null(w);
        return;
    }
    writer_open(w, '[');
    writer_time(w, view->last.t, form);
    writer_number_exact(w, view->last.v);
    writer_close(w, ']');
}

void series_json_write(struct writer *writer, const struct series_view *view, enum time_form form)
{
    writer_open(writer, '{');
    writer_key(writer, "id");
    writer_string(writer, view->id);
    write_settings(writer, view);
    writer_key(writer, "season_in_use");
    view->season == 0 ? writer_null(writer) : writer_int(writer, view->season);
    writer_key(writer, "state");
    writer_string(writer, view->state);
    writer_key(writer, "points");
    writer_int(writer, (int64_t)view->point_n);
    if (view->damaged_n) {
        writer_key(writer, "points_damaged");
        writer_int(writer, (int64_t)view->damaged_n);
    }
    writer_key(writer, "revision");
    writer_int(writer, (int64_t)view->revision);
    write_last_point(writer, view, form);
    writer_key(writer, "created_at");
    writer_time(writer, view->created_at, form);
    writer_key(writer, "model_version");
    writer_int(writer, (int64_t)view->model_version);
    writer_key(writer, "model_at");
    view->model_version == 0 ? writer_null(writer) : writer_time(writer, view->model_at, form);
    forecast_write_scores(writer, view->model, view->record);
    writer_key(writer, "memory_bytes");
    writer_int(writer, (int64_t)view->memory_bytes);
    writer_close(writer, '}');
}

/* ---- jobs ---- */

static void write_job_time(struct writer *w, const char *key, int64_t ms, enum time_form form)
{
    writer_key(w, key);
    ms == 0 ? writer_null(w) : writer_time(w, ms, form);
}

void job_json_write(struct writer *writer, const struct job_view *view, enum time_form form)
{
    const struct job_row *row = view->row;
    bool ended = row->finished_at != 0; /* before, result and error are on their way to the disk */
    writer_open(writer, '{');
    writer_key(writer, "id");
    writer_string(writer, row->id);
    writer_key(writer, "kind");
    writer_string(writer, job_kind_name(row->kind));
    writer_key(writer, "mode");
    row->kind != JOB_FIT ? writer_null(writer)
                         : writer_string(writer, row->full ? "full" : "incremental");
    writer_key(writer, "series");
    writer_string(writer, view->series_id);
    writer_key(writer, "state");
    writer_string(writer, job_state_name(row->state));
    writer_key(writer, "progress");
    writer_number(writer, isfinite(view->progress) ? view->progress : 0.0);
    writer_key(writer, "step");
    writer_int(writer, (int64_t)view->step);
    writer_key(writer, "loss");
    writer_number(writer, view->loss);
    writer_key(writer, "eta_s");
    writer_number(writer, view->eta_s);
    write_job_time(writer, "created_at", row->created_at, form);
    write_job_time(writer, "started_at", row->started_at, form);
    write_job_time(writer, "finished_at", row->finished_at, form);
    writer_key(writer, "result");
    !ended || row->result == NULL ? writer_null(writer) : writer_raw(writer, row->result);
    writer_key(writer, "error");
    !ended || row->error[0] == '\0' ? writer_null(writer) : writer_string(writer, row->error);
    writer_close(writer, '}');
}
