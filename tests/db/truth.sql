-- Applied to a copy: what a caller of clearance `internal` who is called `ann` ought to see, in plain SQL.
alter schema public rename to real_public;
alter schema sales rename to real_sales;
alter schema "Ünï ""côde""" rename to real_odd;
create schema public;
create schema sales;
create schema "Ünï ""côde""";
create view public.customers as
select id, name,
    case when position('@' in email) > 0 then regexp_replace(email, '^.*@', '') end as email,
    case when length(phone) <= 8 then '…' else '…' || right(phone, 4) end as phone,
    extract(year from birth)::integer as birth,
    left(md5('any key ' || tax_id), 16) as tax_id,
    city, country, tier, created_at, tags, profile
from real_public.customers where tenant = 'acme';
create view sales.products as select id, name, category, price, discount, attributes from real_sales.products;
create view sales.orders as
select id, customer_id, placed_at, shipped_on, status, total, handling from real_sales.orders;
create view sales.order_lines as select order_id, line, product_id, quantity from real_sales.order_lines;
create view public.employees as select id, name, manager_id, team, hired from real_public.employees;
create view public.documents as select id, owner, title, body from real_public.documents where owner = 'ann';
create view public.notes as select id, text from real_public.notes where owner = 'ann';
create view public.events as select at, kind, amount from real_public.events;
create view public.base as select id, word from real_public.base;
create view "Ünï ""côde"""."select ""from"" where; --" as
select "select", "Größe", "a b", "x""y", "SSN", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
from real_odd."select ""from"" where; --";
