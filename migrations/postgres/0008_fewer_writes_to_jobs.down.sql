-- As it was in 0003.
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
    UPDATE jobs
    SET status = derived,
        finished_at = CASE WHEN derived IN ('PROCESSED', 'FAILED')
                           THEN coalesce(CASE WHEN keep_finished_at THEN finished_at END, changed_at) END,
        change = pg_current_xact_id()::text::bigint
    WHERE image_id = of_image AND status <> derived;
END $$;
