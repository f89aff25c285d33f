/* Who answers each row of the table of routes (routes.c). */
#ifndef SERVER_HTTP_HANDLERS_H
#define SERVER_HTTP_HANDLERS_H

#include <stdbool.h>

struct request;

/* handlers_series.c */
void handle_list_series(struct request *request);
void handle_put_series(struct request *request);
void handle_get_series(struct request *request);
void handle_delete_series(struct request *request);

/* handlers_points.c, handlers_history.c */
void handle_post_points(struct request *request);
void handle_get_points(struct request *request);

/* handlers_batch.c */
void handle_post_batch(struct request *request);

/* handlers_remote_write.c */
void handle_remote_write(struct request *request);
/* By Content-Type and Content-Encoding; refuses the request where they are not the protocol's. */
bool remote_write_negotiate(struct request *request);

/* handlers_influx.c */
void handle_influx_write(struct request *request);
void handle_influx_query(struct request *request);
void handle_influx_ping(struct request *request);

/* handlers_forecast.c, handlers_stateless.c */
void handle_get_forecast(struct request *request);
void handle_post_forecast(struct request *request);

/* handlers_record.c */
void handle_get_anomalies(struct request *request);
void handle_get_record(struct request *request);

/* handlers_fit.c, handlers_jobs.c */
void handle_post_fit(struct request *request);
void handle_post_backtest(struct request *request);
void handle_list_jobs(struct request *request);
void handle_get_job(struct request *request);
void handle_cancel_job(struct request *request);

/* handlers_checkpoints.c */
void handle_list_checkpoints(struct request *request);
void handle_restore_checkpoint(struct request *request);

/* handlers_admin.c */
void handle_post_backup(struct request *request);
void handle_get_stats(struct request *request);
void handle_post_reload(struct request *request);

/* handlers_events.c */
void handle_get_job_events(struct request *request);

/* handlers_ahead.c */
void handle_get_ahead(struct request *request);

/* Prometheus' HTTP API: prom_query.c, prom_labels.c, prom_fixed.c */
void handle_prom_query(struct request *request);
void handle_prom_query_range(struct request *request);
void handle_prom_labels(struct request *request);
void handle_prom_label_values(struct request *request);
void handle_prom_series(struct request *request);
void handle_prom_metadata(struct request *request);
void handle_prom_buildinfo(struct request *request);
void handle_prom_rules(struct request *request);
void handle_prom_alerts(struct request *request);
void handle_prom_exemplars(struct request *request);

/* handlers_fleet.c */
void handle_get_fleet(struct request *request);
void handle_post_fleet_fit(struct request *request);
void handle_delete_fleet(struct request *request);

/* handlers_timegpt.c */
void handle_timegpt_forecast(struct request *request);
void handle_timegpt_cross_validation(struct request *request);
void handle_timegpt_anomaly(struct request *request);
void handle_timegpt_online_anomaly(struct request *request);
void handle_timegpt_historic(struct request *request);
void handle_timegpt_get_params(struct request *request);
void handle_timegpt_post_params(struct request *request);
void handle_timegpt_key(struct request *request);
void handle_timegpt_models(struct request *request);

/* handlers_kserve.c */
void handle_kserve_forecast(struct request *request);
void handle_kserve_models(struct request *request);
void handle_kserve_live(struct request *request);
void handle_kserve_ready(struct request *request);

/* handlers_operations.c */
void handle_livez(struct request *request);
void handle_readyz(struct request *request);
void handle_metrics(struct request *request);
void handle_openapi(struct request *request);
void handle_index(struct request *request);

#endif
