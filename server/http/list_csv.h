/* Pages of lists: series and jobs as CSV, for spreadsheets and scripts, and the frame of a page. Knows the
 * columns; refuses to know filters. Surprising: CSV has no place for "next", so a page that is not the last
 * says where the next one is in a Link header (RFC 8288), in JSON too. Missing values are empty fields.
 *
 * The loop's thread. */
#ifndef SERVER_HTTP_LIST_CSV_H
#define SERVER_HTTP_LIST_CSV_H

#include "server/http/json_writer.h"
#include "server/http/request.h"

/* What a list comes in: JSON or CSV. */
extern const unsigned list_media[2];

/* id,frequency,season,horizon,model,state,points,revision,last_timestamp,last_value,created_at,model_version,
 * labels (a JSON object). The season is the one in use. */
void series_csv_head(struct writer *writer);
void series_csv_write(struct writer *writer, const struct series_view *view, enum time_form form);

/* id,kind,mode,series,state,progress,step,loss,eta_s,created_at,started_at,finished_at,error */
void jobs_csv_head(struct writer *writer);
void job_csv_write(struct writer *writer, const struct job_view *view, enum time_form form);

/* {"name":[ … */
void list_open(struct writer *writer, const char *name);

/* Ends the list and answers with it. next: the cursor of the next page, NULL on the last one. */
void answer_list(struct request *request, struct writer *writer, unsigned media, const char *next);

#endif
