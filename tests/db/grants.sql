-- What the two roles may do in the database under attack.
grant select on all tables in schema public, sales, "Ünï ""côde""" to reader;
grant select on all sequences in schema public, sales to reader;

grant select (id, tenant, name, email, phone, birth, tax_id, city, country, tier, created_at, tags, profile) on public.customers to scoped;
grant select (id, name, category, price, discount, attributes) on sales.products to scoped;
grant select (id, customer_id, placed_at, shipped_on, status, total, handling) on sales.orders to scoped;
grant select (order_id, line, product_id, quantity) on sales.order_lines to scoped;
grant select (id, name, manager_id, team, hired, salary) on public.employees to scoped;
grant select (id, owner, title, body) on public.documents to scoped;
grant select (id, owner, text) on public.notes to scoped;
grant select (id, team, grade) on public.reviews to scoped;
grant select (at, kind, amount) on public.events to scoped;
grant select (id, word) on public.base to scoped;
grant select ("select", "Größe", "a b", "x""y", "SSN", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk")
    on "Ünï ""côde"""."select ""from"" where; --" to scoped;
grant select (id, name, city) on public.acme to scoped;
grant select on public.moods to scoped;
