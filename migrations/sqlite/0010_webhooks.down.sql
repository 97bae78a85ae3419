DROP TRIGGER webhooks_told_of_webhook;
DROP TRIGGER webhooks_told_of_job;
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhooks;
