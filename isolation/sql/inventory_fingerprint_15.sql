-- The second part of the fingerprint: the catalogues that exist since version 15.
-- Reads pg_parameter_acl, pg_publication_namespace; needs CONNECT.
SELECT encode(sha256(convert_to(coalesce(string_agg(content, ' ' ORDER BY content COLLATE "C"), ''), 'UTF8')), 'hex')
           AS value,
       current_setting('server_version_num')::int AS version
FROM (SELECT p::text AS content FROM pg_parameter_acl p
      UNION ALL
      SELECT n::text FROM pg_publication_namespace n) AS each
