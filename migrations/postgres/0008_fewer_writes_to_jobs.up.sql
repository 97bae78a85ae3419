-- As before, and a job that is finished is held by nobody: whoever completes it need not write to its row again to give it back.
CREATE OR REPLACE FUNCTION derive_job_status(of_image uuid, changed_at bigint, keep_finished_at boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    derived text;
BEGIN
    PERFORM 1 FROM jobs WHERE image_id = of_image FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    derived := status_of_image(of_image);
    IF derived IN ('PROCESSED', 'FAILED') THEN
        UPDATE jobs
        SET status = derived,
            finished_at = coalesce(CASE WHEN keep_finished_at THEN finished_at END, changed_at),
            lease_until = NULL,
            tries = 0,
            updated_at = greatest(updated_at, changed_at),
            change = pg_current_xact_id()::text::bigint
        WHERE image_id = of_image AND status <> derived;
    ELSE
        UPDATE jobs SET status = derived, finished_at = NULL, change = pg_current_xact_id()::text::bigint
        WHERE image_id = of_image AND status <> derived;
    END IF;
END $$;
