DROP TRIGGER webhooks_told_of_job ON jobs;
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhooks;
DROP FUNCTION webhooks_told_of_webhook();
DROP FUNCTION webhooks_told_of_job();
DROP FUNCTION webhook_time(bigint);
