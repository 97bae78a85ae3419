DROP TABLE rerenders, totals, jobs, variants, images, blobs;
DROP FUNCTION tell_of_job(), rerenders_end_with_readiness(), rerenders_of_ready_variants(), count_rerenders(),
    count_backlog(), jobs_status_set(), refuse_change(), variants_removed(), variants_changed(), variants_added(),
    derive_job_status(uuid, bigint, boolean), status_of_image(uuid), add_to_total(text, integer);
