-- Every user-defined domain, with the functions that its constraints call; those of a domain below it count too.
-- Reads pg_type, pg_constraint; needs CONNECT.
WITH RECURSIVE below (domain, type) AS (
    SELECT oid, oid FROM pg_type WHERE typtype = 'd' AND oid >= 16384
    UNION
    SELECT below.domain, t.typbasetype FROM below JOIN pg_type t ON t.oid = below.type AND t.typtype = 'd'
)
SELECT below.domain AS oid,
       coalesce(array_agg(DISTINCT called.function) FILTER (WHERE called.function IS NOT NULL), '{}') AS functions
FROM below
     LEFT JOIN pg_constraint k ON k.contypid = below.type
     LEFT JOIN LATERAL (
         SELECT found[1]::oid AS function FROM regexp_matches(k.conbin::text, ':(?:op)?funcid (\d+)', 'g') AS found
     ) called ON true
GROUP BY below.domain
ORDER BY below.domain
