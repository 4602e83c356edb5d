"""Policies that call functions of `session_functions.sql`, by whether they restrict rows to the user's tenants."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROLE: Final = "helped_user"
SCHEMA: Final = (Path(__file__).parent / "session_functions.sql").read_text(encoding="utf-8")
RESTRICTING: Final = (
    "org_id IN (SELECT org_id FROM memberships WHERE user_id = auth.uid())",
    "org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = (SELECT auth.uid()))",
    "org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = auth.uid_raises())",
    "org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = auth.uid_into())",
    "org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = auth.uid_handled())",
    "org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = auth.uid_if())",
    "org_id IN (SELECT private.my_orgs())",
    "org_id IN (SELECT * FROM private.my_orgs())",
    "org_id IN (SELECT o FROM private.my_orgs() o)",
    "org_id = ANY (ARRAY(SELECT private.my_orgs()))",
    "org_id = ANY (SELECT private.my_orgs())",
    "EXISTS (SELECT 1 FROM private.my_orgs() o WHERE o = docs.org_id)",
    "org_id IN (SELECT private.my_orgs_q())",
    "org_id IN (SELECT private.my_orgs_path())",
    "org_id IN (SELECT org FROM private.my_orgs_table())",
    "org_id IN (SELECT private.my_orgs_table())",
    "org_id IN (SELECT private.my_orgs_plpgsql())",
    "org_id IN (SELECT private.my_orgs_atomic())",
    "org_id = ANY (private.org_array())",
    "org_id = ANY (private.org_array2())",
    "org_id = ANY ((SELECT private.org_array())::uuid[])",
    "org_id IN (SELECT unnest(private.org_array2()))",
    "org_id = private.my_org()",
    "org_id = (SELECT private.my_org())",
    "private.is_member(org_id)",
    "(SELECT private.is_member(org_id))",
    "private.is_member1(org_id)",
    "private.is_member2(org_id, 'admin')",
    "private.is_member4(org_id)",
    "private.is_member(org_id) AND owner = auth.uid()",
    "EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = docs.org_id AND m.user_id = auth.uid() AND m.role = 'admin')",
)
"""Proven: each lets only rows of the user's tenants pass."""
NOT_RESTRICTING: Final = (
    "private.is_member3(org_id)",
    "org_id IN (SELECT private.or_true())",
    "org_id IN (SELECT private.other_col())",
    "org_id IN (SELECT private.all_orgs())",
    "org_id IN (SELECT private.unioned())",
    "org_id IN (SELECT private.nopath())",
    "org_id IN (SELECT private.temporary())",
    "org_id IN (SELECT private.two())",
    "private.betw(org_id)",
    "private.negd(org_id)",
    "NOT private.is_member(org_id)",
    "private.left_join(org_id)",
    "private.is_member(auth.uid())",
    "owner IN (SELECT private.my_orgs())",
    "org_id NOT IN (SELECT private.my_orgs())",
    "org_id IN (SELECT private.my_orgs()) IS NOT FALSE",
    "org_id IN (SELECT private.my_orgs()) OR owner = auth.uid()",
    "EXISTS (SELECT private.my_orgs())",
    "EXISTS (SELECT 1 FROM private.my_orgs() o WHERE o <> docs.org_id)",
)
"""Not proven: a row of another tenant may pass, or the body is not understood."""
