-- design child_by_parent: a child without the tenant, through its parent
-- manifest: {keys: {lines: {parent: orders, "on": {order_id: id}}}}
@start@
CREATE TABLE orders (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, note text NOT NULL DEFAULT '');
CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, what text NOT NULL DEFAULT '');
CREATE INDEX ON orders (tenant_id); CREATE INDEX ON lines (order_id);
INSERT INTO orders SELECT row_number() OVER (), id FROM tenants;
INSERT INTO lines SELECT id, id FROM orders;
@own(orders)@
@protect(lines)@
CREATE POLICY own ON lines USING (EXISTS (SELECT 1 FROM orders o WHERE o.id = lines.order_id AND o.@mine@));

-- design child_by_composite: a child tied by a composite key, with the tenant in it
@start@
CREATE TABLE orders (tenant_id uuid NOT NULL REFERENCES tenants, id bigint NOT NULL, note text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id));
CREATE TABLE lines (tenant_id uuid NOT NULL, order_id bigint NOT NULL, no int NOT NULL, what text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, order_id, no), FOREIGN KEY (tenant_id, order_id) REFERENCES orders ON DELETE CASCADE);
INSERT INTO orders SELECT id, 1 FROM tenants;
INSERT INTO lines SELECT tenant_id, id, 1 FROM orders;
@own(orders, lines)@

-- design child_of_numbered: orders are counted by tenant; the child names tenant and number and asks its parent by both
-- manifest: {keys: {lines: {parent: orders, "on": {org: tenant_id, order_no: "no"}}}}
@start@
CREATE TABLE orders (tenant_id uuid NOT NULL REFERENCES tenants, no int NOT NULL, note text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, no));
CREATE TABLE lines (org uuid NOT NULL, order_no int NOT NULL, pos int NOT NULL, what text NOT NULL DEFAULT '', PRIMARY KEY (org, order_no, pos), FOREIGN KEY (org, order_no) REFERENCES orders ON DELETE CASCADE);
INSERT INTO orders SELECT id, 1 FROM tenants;
INSERT INTO lines SELECT tenant_id, no, 1 FROM orders;
@own(orders)@
@protect(lines)@
CREATE POLICY own ON lines USING (EXISTS (SELECT FROM orders o WHERE o.tenant_id = lines.org AND o.no = lines.order_no));

-- design grandchild: a child of a child, by the policies of each
-- manifest: {keys: {lines: {parent: orders, "on": {order_id: id}}, marks: {parent: lines, "on": {line_id: id}}}}
@start@
CREATE TABLE orders (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants);
CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders);
CREATE TABLE marks (id bigint PRIMARY KEY, line_id bigint NOT NULL REFERENCES lines, word text NOT NULL DEFAULT '');
CREATE INDEX ON orders (tenant_id); CREATE INDEX ON lines (order_id); CREATE INDEX ON marks (line_id);
INSERT INTO orders SELECT row_number() OVER (), id FROM tenants;
INSERT INTO lines SELECT id, id FROM orders; INSERT INTO marks SELECT id, id FROM lines;
@own(orders)@
@protect(lines, marks)@
CREATE POLICY own ON lines USING (order_id IN (SELECT o.id FROM orders o));
CREATE POLICY own ON marks USING (line_id IN (SELECT l.id FROM lines l));

-- design many_to_many: a join table with the tenant and two composite keys
@start@
CREATE TABLE posts (tenant_id uuid NOT NULL REFERENCES tenants, id bigint NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE labels (tenant_id uuid NOT NULL REFERENCES tenants, id bigint NOT NULL, word text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, word));
CREATE TABLE post_labels (tenant_id uuid NOT NULL, post_id bigint NOT NULL, label_id bigint NOT NULL, PRIMARY KEY (tenant_id, post_id, label_id),
  FOREIGN KEY (tenant_id, post_id) REFERENCES posts, FOREIGN KEY (tenant_id, label_id) REFERENCES labels);
INSERT INTO posts SELECT id, 1 FROM tenants; INSERT INTO labels SELECT id, 1 FROM tenants; INSERT INTO post_labels SELECT tenant_id, 1, 1 FROM posts;
@own(posts, labels, post_labels)@

-- design templates_for_all: templates of everybody beside the tenant's own, read only
-- manifest: {global_rows: {templates: read}}
@start@
CREATE TABLE templates (id bigint PRIMARY KEY, tenant_id uuid REFERENCES tenants, title text NOT NULL DEFAULT '');
CREATE INDEX ON templates (tenant_id);
INSERT INTO templates SELECT row_number() OVER (), id FROM tenants; INSERT INTO templates VALUES (100, NULL, 'for all');
ALTER TABLE templates ENABLE ROW LEVEL SECURITY; ALTER TABLE templates FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON templates TO web;
CREATE POLICY see ON templates FOR SELECT USING (tenant_id IS NULL OR @mine@);
CREATE POLICY add ON templates FOR INSERT WITH CHECK (@mine@);
CREATE POLICY edit ON templates FOR UPDATE USING (@mine@);
CREATE POLICY bin ON templates FOR DELETE USING (@mine@);

-- break: a tenant publishes to all | tenancy.rls.policies
-- exploit: INSERT INTO templates VALUES (200, NULL, 'from a')
ALTER POLICY add ON templates WITH CHECK (tenant_id IS NULL OR @mine@);
-- break: a tenant changes what is everybody's | tenancy.rls.policies
-- exploit: UPDATE templates SET title = 'x' WHERE tenant_id IS NULL
ALTER POLICY edit ON templates USING (tenant_id IS NULL OR @mine@) WITH CHECK (true);
-- break: a tenant deletes what is everybody's | tenancy.rls.policies
-- exploit: DELETE FROM templates WHERE tenant_id IS NULL
ALTER POLICY bin ON templates USING (tenant_id IS NULL OR @mine@);
-- break: titles of others are shown | tenancy.rls.policies, tenancy.probe.cross_tenant, tenancy.probe.counterexample
-- exploit: SELECT FROM templates WHERE tenant_id = 'bbbbbbbb-0000-4000-8000-000000000001'
ALTER POLICY see ON templates USING (tenant_id IS NULL OR title = '' OR @mine@);

-- design templates_with_parts: a template of everybody has parts
-- manifest: {global_rows: {templates: read, parts: read}, keys: {parts: {parent: templates, "on": {template_id: id}}}}
@start@
CREATE TABLE templates (id bigint PRIMARY KEY, tenant_id uuid REFERENCES tenants, title text NOT NULL DEFAULT '');
CREATE TABLE parts (id bigint PRIMARY KEY, template_id bigint NOT NULL REFERENCES templates, title text NOT NULL DEFAULT '');
CREATE INDEX ON templates (tenant_id); CREATE INDEX ON parts (template_id);
INSERT INTO templates SELECT row_number() OVER (), id FROM tenants; INSERT INTO templates VALUES (100, NULL, 'for all');
INSERT INTO parts SELECT id, id FROM templates;
@protect(templates, parts)@
CREATE POLICY own ON templates USING (@mine@);
CREATE POLICY of_all ON templates FOR SELECT USING (tenant_id IS NULL);
CREATE POLICY own ON parts USING (EXISTS (SELECT FROM templates t WHERE t.id = parts.template_id AND t.@mine@));
CREATE POLICY of_all ON parts FOR SELECT USING (EXISTS (SELECT FROM templates t WHERE t.id = parts.template_id AND t.tenant_id IS NULL));
-- break: parts of all templates are shown | tenancy.probe.cross_tenant
-- exploit: SELECT FROM parts WHERE id = 2
ALTER POLICY of_all ON parts USING (true);
