"""Constraints that reveal rows of other tenants are found; those of an ordinary schema pass."""
# ruff: noqa: E501  # SQL that is run is not wrapped

from __future__ import annotations

import pytest

from basewatch.model import Severity
from basewatch.tenancy import DerivedKey
from checks.tenancy.side_channels.inference import constraints_do_not_cross_tenants as CHECK  # noqa: N812  # the check under test
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import SECUREBASE, one_in_three
from tests.checks.tenancy.statics import Change, changed, entry_in, faults, findings, with_approval

HIGH, MEDIUM = Severity.HIGH, Severity.MEDIUM
SERIALS = "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers, UNIQUE (customer_id, id)); GRANT SELECT, INSERT, UPDATE ON orders TO app; "
REFER = "ALTER TABLE documents ADD CONSTRAINT documents_id UNIQUE (id); ALTER TABLE invoices ADD document_id uuid, ADD CONSTRAINT of_document FOREIGN KEY (document_id) REFERENCES documents (id) "
UNREFER = "ALTER TABLE invoices DROP document_id; ALTER TABLE documents DROP CONSTRAINT documents_id"
BROKEN = (
    Change(
        name="unique among all tenants",
        does='ALTER TABLE documents ADD "Slug" text CONSTRAINT one_title UNIQUE',
        undoes='ALTER TABLE documents DROP "Slug"',
        found=(("one_title on documents", MEDIUM),),
    ),
    Change(
        name="unique by an expression, for some rows",
        does="ALTER TABLE documents ADD slug text; CREATE UNIQUE INDEX one_title ON documents (lower(slug)) WHERE size_bytes > 0",
        undoes="ALTER TABLE documents DROP slug",
        found=(("one_title on documents", MEDIUM),),
    ),
    Change(
        name="the key only included",
        does="ALTER TABLE documents ADD slug text; CREATE UNIQUE INDEX one_title ON documents (slug) INCLUDE (customer_id)",
        undoes="ALTER TABLE documents DROP slug",
        found=(("one_title on documents", MEDIUM),),
    ),
    Change(
        name="an exclusion",
        does="ALTER TABLE documents ADD span daterange, ADD CONSTRAINT apart EXCLUDE USING gist (span WITH &&)",
        undoes="ALTER TABLE documents DROP span",
        found=(("apart on documents", MEDIUM),),
    ),
    Change(
        name="a natural primary key",
        does="CREATE TABLE coupons (code text PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers); GRANT SELECT, INSERT ON coupons TO app",
        undoes="DROP TABLE coupons",
        found=(("coupons_pkey on coupons", MEDIUM),),
    ),
    Change(
        name="a reference without the tenant", does=REFER, undoes=UNREFER, found=(("of_document on invoices", MEDIUM),)
    ),
    Change(
        name="one that removes the rows of others",
        does=f"{REFER} ON DELETE CASCADE",
        undoes=UNREFER,
        found=(("of_document on invoices", HIGH),),
    ),
    Change(
        name="one that changes the rows of others",
        does=f"{REFER} ON DELETE SET NULL",
        undoes=UNREFER,
        found=(("of_document on invoices", HIGH),),
    ),
    Change(
        name="a tree",
        does=f"{SERIALS} ALTER TABLE orders ADD parent bigint REFERENCES orders (id)",
        undoes="DROP TABLE orders",
        found=(("orders_parent_fkey on orders", MEDIUM),),
    ),
    Change(
        name="another tenant by name",
        does="ALTER TABLE invoices ADD partner uuid CONSTRAINT of_partner REFERENCES customers",
        undoes="ALTER TABLE invoices DROP partner",
        found=(("of_partner on invoices", MEDIUM),),
    ),
    Change(
        name="a partitioned table, reported once",
        does='CREATE TABLE "Log Of" (customer_id uuid NOT NULL REFERENCES customers, at date NOT NULL, line text, order_id uuid, UNIQUE (at, line)) PARTITION BY RANGE (at); '
        'CREATE TABLE "Log 1" PARTITION OF "Log Of" FOR VALUES FROM (\'2026-01-01\') TO (\'2027-01-01\'); CREATE TABLE "Log 2" PARTITION OF "Log Of" DEFAULT; GRANT INSERT ON "Log Of", "Log 1", "Log 2" TO app',
        undoes='DROP TABLE "Log Of"',
        found=(("Log Of_at_line_key on Log Of", MEDIUM),),
    ),
)
SOUND = (
    Change(
        name="surrogates that are uuids",
        does="CREATE TABLE notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), customer_id uuid NOT NULL REFERENCES customers ON DELETE CASCADE); GRANT SELECT, INSERT ON notes TO app",
        undoes="DROP TABLE notes",
    ),
    Change(name="surrogates that are counted", does=SERIALS, undoes="DROP TABLE orders"),
    Change(
        name="surrogates of a serial",
        does="CREATE TABLE notes (id serial UNIQUE, customer_id uuid NOT NULL REFERENCES customers); GRANT SELECT, INSERT ON notes TO app",
        undoes="DROP TABLE notes",
    ),
    Change(
        name="lines of an order",
        does=f"{SERIALS} CREATE TABLE lines (customer_id uuid NOT NULL, order_id bigint NOT NULL, line int NOT NULL, PRIMARY KEY (order_id, line), FOREIGN KEY (customer_id, order_id) REFERENCES orders (customer_id, id) ON DELETE CASCADE); GRANT SELECT, INSERT ON lines TO app",
        undoes="DROP TABLE lines; DROP TABLE orders",
    ),
    Change(
        name="a reference with the tenant",
        does="ALTER TABLE invoices ADD document_id uuid, ADD FOREIGN KEY (customer_id, document_id) REFERENCES documents ON DELETE CASCADE",
        undoes="ALTER TABLE invoices DROP document_id",
    ),
    Change(
        name="a shared table",
        does="ALTER TABLE documents ADD region text REFERENCES regions ON UPDATE CASCADE",
        undoes="ALTER TABLE documents DROP region",
    ),
    Change(
        name="a table that no principal writes",
        does="CREATE TABLE coupons (code text PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers); GRANT SELECT ON coupons TO app",
        undoes="DROP TABLE coupons",
    ),
    Change(
        name="partitions of a sound table",
        does="CREATE TABLE readings (customer_id uuid NOT NULL REFERENCES customers, at date NOT NULL, order_id uuid, PRIMARY KEY (customer_id, at)) PARTITION BY LIST (at); CREATE TABLE readings_all PARTITION OF readings DEFAULT; GRANT INSERT ON readings, readings_all TO app",
        undoes="DROP TABLE readings",
    ),
)


@pytest.mark.parametrize("change", one_in_three(BROKEN, lambda change: change.name))
def test_only_the_constraint_across_tenants_is_found(box_database: SandboxDatabase, change: Change) -> None:
    """Exactly that constraint is a finding, and none after its repair."""
    with changed(box_database, change):
        assert faults(box_database, CHECK) == dict(change.found)
    assert faults(box_database, CHECK) == {}


@pytest.mark.parametrize("change", one_in_three(SOUND, lambda change: change.name))
def test_an_ordinary_constraint_passes(box_database: SandboxDatabase, change: Change) -> None:
    """A constraint with the tenant key, or on values that cannot be guessed, is no finding."""
    with changed(box_database, change):
        assert faults(box_database, CHECK) == {}


def test_the_reference_to_the_parent_is_the_tenant_key(box_database: SandboxDatabase) -> None:
    """For a table with a derived key, the foreign key to the parent and keys that include it pass."""
    keys = {"pages": DerivedKey(parent="documents", on={"document_id": "id"})}
    derived = SECUREBASE.model_copy(update={"tenancy": SECUREBASE.tenancy.model_copy(update={"keys": keys})})
    pages = "CREATE TABLE pages (document_id uuid NOT NULL REFERENCES documents (id) ON DELETE CASCADE, page int, PRIMARY KEY (document_id, page), number int, invoice_id uuid); GRANT INSERT ON pages TO app"
    change = Change(
        name="",
        does=f"ALTER TABLE documents ADD CONSTRAINT documents_id UNIQUE (id); {pages}",
        undoes="DROP TABLE pages; ALTER TABLE documents DROP CONSTRAINT documents_id",
    )
    with changed(box_database, change):
        assert faults(box_database, CHECK, derived) == {}
        box_database.execute("ALTER TABLE pages ADD UNIQUE (number)")
        assert faults(box_database, CHECK, derived) == {"pages_number_key on pages": MEDIUM}


def test_an_approved_constraint_passes_until_it_changes(box_database: SandboxDatabase) -> None:
    """The entry in the remedy approves the constraint, until its referential action changes."""
    with changed(box_database, next(c for c in BROKEN if c.name == "a reference without the tenant")):
        (finding,) = findings(box_database, CHECK)
        component = with_approval("constraint", *entry_in(finding))
        assert faults(box_database, CHECK, component) == {}
        box_database.execute(
            "ALTER TABLE invoices DROP CONSTRAINT of_document, ADD CONSTRAINT of_document FOREIGN KEY (document_id) REFERENCES documents (id) ON DELETE CASCADE"
        )
        assert faults(box_database, CHECK, component) == {"of_document on invoices": HIGH}
