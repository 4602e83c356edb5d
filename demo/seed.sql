-- Realistic rows for every table, equal for equal %(now)s: no value is random, and none is of a real person.
INSERT INTO regions VALUES
    ('us-east-1', 'US East (N. Virginia)', 'aws'),
    ('us-west-2', 'US West (Oregon)', 'aws'),
    ('us-gov-west-1', 'AWS GovCloud (US-West)', 'aws-us-gov');
INSERT INTO compliance_frameworks VALUES
    ('CIS', 'CIS AWS Foundations', 161), ('SOC2', 'SOC 2', 220), ('HIPAA', 'HIPAA', 164), ('FEDRAMP', 'FedRAMP', 325);
INSERT INTO price_plans VALUES
    ('standard', 200000, 1000000), ('fintech', 800000, 10000000), ('healthcare', 1500000, 10000000),
    ('gov-federal', 2500000, 25000000);
INSERT INTO tier_features
SELECT tier, feature, CASE WHEN included THEN 'included' ELSE 'not included' END
FROM (VALUES ('api access', 1), ('audit retention 7 years', 2), ('dedicated key', 2), ('phi handling', 3),
             ('govcloud residency', 4)) AS features (feature, from_rank),
     (VALUES ('standard', 1), ('fintech', 2), ('healthcare', 3), ('gov-federal', 4)) AS tiers (tier, rank),
     LATERAL (SELECT rank >= from_rank AS included) AS matrix;
INSERT INTO feature_flags VALUES
    ('analytics-exports', true, %(now)s::timestamptz - interval '40 days'),
    ('report-cache', true, %(now)s::timestamptz - interval '21 days'),
    ('new-billing-page', false, %(now)s::timestamptz - interval '3 days');
INSERT INTO schema_migrations
SELECT lpad(n::text, 4, '0'), %(now)s::timestamptz - interval '400 days' + n * interval '30 days'
FROM generate_series(1, 12) AS n;

INSERT INTO customers
SELECT md5('customer ' || tier || n)::uuid, initcap(tier) || ' customer ' || n, tier, framework, region,
       'contact@' || tier || n || '.example', 'active', %(now)s::timestamptz - (rank * 60 + n * 10) * interval '1 day'
FROM (VALUES ('standard', 'CIS', 'us-east-1', 1), ('fintech', 'SOC2', 'us-east-1', 2),
             ('healthcare', 'HIPAA', 'us-west-2', 3), ('gov-federal', 'FEDRAMP', 'us-gov-west-1', 4))
     AS tiers (tier, framework, region, rank),
     generate_series(1, 3) AS n;
INSERT INTO customers
SELECT id::uuid, 'Isolation canary ' || label, 'standard', 'CIS', 'us-east-1', 'canary-' || label || '@basewatch.example',
       'synthetic', %(now)s::timestamptz - interval '300 days'
FROM (VALUES (%(canary_a)s, 'a'), (%(canary_b)s, 'b')) AS canaries (id, label);

INSERT INTO usage_metrics
SELECT id, metric, date_trunc('day', %(now)s::timestamptz) - day * interval '1 day',
       scale * (50 + ('x' || left(md5(id::text || metric || day), 4))::bit(16)::int %% 100)
FROM customers, (VALUES ('api.requests', 10), ('storage.bytes', 1048576), ('events.audited', 1)) AS kinds (metric, scale),
     generate_series(0, 59) AS day;
INSERT INTO invoices (customer_id, id, period, amount_cents, status, issued_at)
SELECT customers.id, md5('invoice ' || customers.id || n)::uuid, month::date,
       CASE WHEN status = 'synthetic' THEN 0 ELSE monthly_cents + n * 137 END,
       CASE WHEN n = 1 THEN 'open' ELSE 'paid' END, month + interval '1 month'
FROM customers JOIN price_plans USING (tier), generate_series(1, 12) AS n,
     LATERAL (SELECT date_trunc('month', %(now)s::timestamptz) - n * interval '1 month' AS month) AS months;
INSERT INTO audit_events
SELECT id, md5('event ' || id || n)::uuid, %(now)s::timestamptz - n * interval '13 minutes', 'service/api',
       (ARRAY['invoice.read', 'key.used', 'document.read', 'ticket.opened'])[1 + n %% 4], 'resource/' || n
FROM customers, generate_series(1, 60) AS n;
-- A key is stored as a hash and its first twelve characters, which identify it for people.
INSERT INTO api_keys
SELECT id, md5('key ' || id || n)::uuid, encode(sha256(convert_to('key ' || id || n, 'UTF8')), 'hex'),
       'sbk_' || left(md5(id::text || n), 8), string_to_array((ARRAY['read', 'read write', 'read billing'])[n], ' '),
       %(now)s::timestamptz + n * interval '60 days',
       CASE WHEN n < 3 THEN %(now)s::timestamptz - n * interval '5 hours' END
FROM customers, generate_series(1, 3) AS n;
INSERT INTO support_tickets
SELECT id, md5('ticket ' || id || n)::uuid, 'Question ' || n || ' about ' || (ARRAY['billing', 'keys', 'exports'])[1 + n %% 3],
       (ARRAY['low', 'normal', 'urgent'])[1 + n %% 3], (ARRAY['open', 'waiting', 'solved'])[1 + n %% 3],
       %(now)s::timestamptz - n * interval '9 days'
FROM customers, generate_series(1, 5) AS n;
INSERT INTO notifications
SELECT id, md5('notification ' || id || n)::uuid, (ARRAY['invoice', 'usage', 'security'])[1 + n %% 3],
       'Notification ' || n, CASE WHEN n > 2 THEN %(now)s::timestamptz - n * interval '1 day' END,
       %(now)s::timestamptz - n * interval '1 day' - interval '2 hours'
FROM customers, generate_series(1, 10) AS n;
INSERT INTO documents
SELECT id, md5('document ' || id || n)::uuid, 'Document ' || n,
       (ARRAY['public', 'internal', 'restricted'])[1 + n %% 3], 4096 * n, %(now)s::timestamptz - n * interval '11 days'
FROM customers, generate_series(1, 6) AS n;

INSERT INTO billing_runs
SELECT month::date, month + interval '1 month', month + interval '1 month 4 seconds', 12
FROM generate_series(1, 12) AS n,
     LATERAL (SELECT date_trunc('month', %(now)s::timestamptz) - n * interval '1 month' AS month) AS months;
INSERT INTO job_queue
SELECT md5('job ' || n)::uuid, (ARRAY['aggregate-metrics', 'send-notification'])[1 + n %% 2], '{}',
       %(now)s::timestamptz + n * interval '1 minute', 0
FROM generate_series(1, 20) AS n;
INSERT INTO break_glass_grants
VALUES (md5('grant 1')::uuid, 'admin', 'Restore exercise', true, %(now)s::timestamptz - interval '33 days',
        %(now)s::timestamptz - interval '33 days' + interval '1 hour');
ANALYZE;
