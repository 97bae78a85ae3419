DROP TRIGGER rerenders_end_with_readiness;
DROP TABLE rerenders;
DELETE FROM totals WHERE name IN ('rerenders', 'rerender_claims');
