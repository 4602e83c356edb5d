-- Every role membership. Before version 16 a membership has no INHERIT and SET options: the columns do not exist.
-- Reads pg_auth_members, pg_roles; needs CONNECT.
SELECT m.roleid AS role,
       m.member,
       bool_or(m.admin_option) AS admin_option,
       bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)) AS inherit_option,
       bool_or(coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)) AS set_option
FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
GROUP BY 1, 2
ORDER BY 1, 2
