-- The database under attack. `{v}` and `{n}` differ between two variants of it, and only in what no
-- caller of the tests may see: whoever can tell the variants apart has been told something.
-- What must never be said holds `zq7`, or the digits of `{n}`.

create schema sales;
create schema evil;
create schema "Ünï ""côde""";
create extension if not exists pgcrypto with schema public;
create extension if not exists citext with schema public;
create extension if not exists dblink with schema public;

create type public.tier as enum ('free', 'plus', 'gold');
create type public.mood as enum ('calm', 'cross');
create type public.place as (street text, zip text);
create domain public.positive as numeric check (value >= 0);

create table public.customers (
    id integer primary key,
    tenant text not null,
    name text not null,
    email text,
    phone text,
    birth date,
    tax_id text,
    city text,
    country text not null,
    tier public.tier not null default 'free',
    created_at timestamptz not null,
    tags text[] not null default '{}',
    profile jsonb not null default '{}',
    home public.place,
    ssn text,
    salary integer,
    internal_note text,
    zq7_hidden_column text
);
insert into public.customers
select i,
    case when i % 3 = 0 then 'zq7-tenant' else 'acme' end,
    case when i % 3 = 0 then 'zq7-name-{v}-' || i else 'Customer ' || i end,
    case when i % 3 = 0 then 'zq7-mail-{v}@other.example'
         when i % 7 = 0 then null
         else 'zq7-local-{v}-' || i || '@' || (array['north', 'south', 'east'])[1 + i % 3] || '.example' end,
    case when i % 3 = 0 then 'zq7-{v}' when i % 10 = 0 then 'zq7-{v}' else 'zq7-{v}-' || (1000 + i) end,
    make_date(1950 + i % 40, {m}, 11),
    'zq7-tax-' || i % 5,
    case when i % 3 = 0 then 'zq7-city-{v}' when i % 11 = 0 then null
         else (array['Oslo', 'Lyon', 'Graz', 'Turku'])[1 + i % 4] end,
    (array['NO', 'FR', 'AT', 'FI'])[1 + i % 4],
    (array['free', 'plus', 'gold'])[1 + (i / 5) % 3]::public.tier,
    timestamptz '2026-01-01 08:00:00+00' + i * interval '31 hours',
    case i % 3 when 0 then array['zq7'] when 1 then array['vip', 'beta'] else array['new'] end,
    jsonb_build_object('age', 20 + i % 50, 'langs', jsonb_build_array('en', 'fr'), 'news', i % 2 = 0,
        'address', jsonb_build_object('zip', 1000 + i)),
    row('zq7 street {v}', 'zq7-{v}')::public.place,
    'zq7-ssn-{v}-' || i,
    {n} * 100 + i,
    'zq7-note-{v}',
    'zq7-hidden-{v}'
from generate_series(1, 60) i;

create table sales.products (
    id integer primary key,
    name text not null,
    category text not null,
    price numeric(10, 2) not null,
    discount double precision,
    attributes jsonb,
    supplier_cost numeric(10, 2)
);
insert into sales.products
select i, 'Product ' || i, (array['tools', 'books', 'toys', 'food'])[1 + i % 4], i * 3.25,
    case when i % 5 = 0 then null else i / 100.0 end,
    jsonb_build_object('weight', i * 10, 'colours', jsonb_build_array('red', 'blue')),
    {n} + i * 0.01
from generate_series(1, 25) i;

create table sales.orders (
    id bigint primary key,
    customer_id integer not null references public.customers,
    placed_at timestamp not null,
    shipped_on date,
    status text not null,
    total numeric(12, 2) not null,
    handling interval,
    margin public.positive
);
insert into sales.orders
select i, 1 + (i * 7) % 60, timestamp '2026-03-01 09:30:00' + i * interval '13 hours',
    case when i % 4 = 0 then null else date '2026-03-04' + (i / 2) end,
    (array['open', 'paid', 'sent', 'void'])[1 + i % 4], (i * 17 % 400) + 0.5,
    (i % 9) * interval '1 hour', {n} + i
from generate_series(1, 240) i;

create table sales.order_lines (
    order_id bigint references sales.orders,
    line integer,
    product_id integer references sales.products,
    quantity integer not null,
    primary key (order_id, line)
);
insert into sales.order_lines
select o, l, 1 + (o * 3 + l * 5) % 25, 1 + (o + l) % 6
from generate_series(1, 240) o, generate_series(1, 3) l where (o + l) % 3 > 0;

create table public.employees (
    id integer primary key,
    name text not null,
    manager_id integer references public.employees,
    team text not null,
    hired date not null,
    salary integer,
    review text
);
insert into public.employees
select i, 'Employee ' || i, case when i = 1 then null else i / 2 end,
    (array['north', 'south', 'staff'])[1 + i % 3], date '2015-01-15' + i * 100, {n} * 10 + i, 'zq7-review-{v}'
from generate_series(1, 30) i;

-- rows of each owner by row-level security
create table public.documents (
    id integer primary key,
    owner text not null,
    title text not null,
    body text not null,
    secret text
);
insert into public.documents
select i, (array['ann', 'bob', 'zq7-carol'])[1 + i % 3],
    case when i % 3 = 0 then 'Plan ' || i else 'zq7-title-{v}-' || i end,
    case when i % 3 = 0 then 'text of ' || i else 'zq7-body-{v}-' || i end, 'zq7-docsecret-{v}'
from generate_series(1, 30) i;
alter table public.documents enable row level security;
create policy own on public.documents using (owner = current_setting('app.user_id', true));

-- rows of each owner by the rule in the configuration
create table public.notes (id integer primary key, owner text not null, text text, pin text);
insert into public.notes
select i, (array['ann', 'bob'])[1 + i % 2], case when i % 2 = 0 then 'note ' || i else 'zq7-notes-{v}-' || i end, 'zq7-pin-{v}'
from generate_series(1, 20) i;

-- counts only, and none of small groups
create table public.reviews (id integer primary key, team text not null, grade integer, words text);
insert into public.reviews
select i, case when i <= 24 then 'many' when i <= 24 + {few} then 'few' else 'rare' end, {n} % 7, 'zq7-words-{v}'
from generate_series(1, 31) i;

-- partitions and heirs
create table public.events (at timestamp not null, kind text not null, amount integer, payload text) partition by range (at);
create table public.events_2025 partition of public.events for values from ('2025-01-01') to ('2026-01-01');
create table public.events_2026 partition of public.events for values from ('2026-01-01') to ('2027-01-01');
insert into public.events
select timestamp '2025-11-01' + i * interval '2 days', (array['login', 'buy', 'exit'])[1 + i % 3], i % 12, 'zq7-payload-{v}'
from generate_series(1, 90) i;
create table public.base (id integer, word text);
create table public.heir (extra text) inherits (public.base);
insert into public.base values (1, 'one'), (2, 'two');
insert into public.heir values (3, 'three', 'zq7-heir-{v}');

-- names that try to break out
create table "Ünï ""côde"""."select ""from"" where; --" (
    "select" integer primary key, "Größe" text, "a b" text, "x""y" text, "SSN" text, "ssn" text,
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk" text
);
insert into "Ünï ""côde"""."select ""from"" where; --"
select i, 'g' || i, 'b' || i, 'y' || i, 'upper ' || i, 'zq7-lower-{v}', 'long ' || i from generate_series(1, 5) i;

-- a column of a type of its own
create table public.moods (id integer primary key, name text not null, mood public.mood not null);
insert into public.moods select i, 'mood ' || i, 'calm' from generate_series(1, 12) i;

-- what was never declared
create table public.payroll (id integer primary key, employee text, amount integer, iban text);
insert into public.payroll select i, 'zq7-payee-{v}-' || i, {n} * 1000 + i, 'zq7-iban-{v}' from generate_series(1, 15) i;
create table sales.api_keys (id serial primary key, key text, owner_id integer);
insert into sales.api_keys (key) select 'zq7-key-{v}-' || i from generate_series(1, 5) i;
create table public.decoy (id integer, word text);
insert into public.decoy values (1, 'zq7-decoy-{v}');
create table public.only_{v}_has_this (zq7 integer);
create view public.v_documents as select * from public.documents;
create view public.v_payroll as select id, employee, amount from public.payroll;
create view public.customers_public as select id, ssn, 'zq7-view-text-{v}'::text as word from public.customers;
-- declared, as a table of its own: its condition is all that hides the others
create view public.acme as select id, name, city from public.customers where tenant = 'acme';
create materialized view public.m_payroll as select * from public.payroll;
create sequence public.counter start 41;
comment on table public.customers is 'zq7-comment-{v}';
comment on column public.customers.ssn is 'zq7-column-comment-{v}';
select lo_from_bytea(424242, convert_to('zq7-large-object-{v}', 'UTF8'));
grant select on large object 424242 to public;
grant select on public.decoy to public;
alter table public.customers alter column internal_note set default 'zq7-default-{v}';

-- code that runs as the superuser. Whoever calls it is heard in the server's log.
create function evil.heard() returns void language plpgsql as $$ begin raise log 'EVIL was called in %', current_database(); end $$;
create function public.leak(text) returns text language plpgsql security definer as $$
begin perform evil.heard(); return (select string_agg(ssn, ',') || 'zq7-body-of-leak-{v}' from public.customers); end $$;
create function public.leak() returns text language sql security definer as $$ select public.leak('') $$;
create function public.leak_rows() returns table (employee text, amount integer) language plpgsql security definer as $$
begin perform evil.heard(); return query select p.employee, p.amount from public.payroll p; end $$;
create function public.leak_bool(text, text) returns boolean language plpgsql security definer as $$
begin perform evil.heard(); raise exception '%', public.leak(''); end $$;
create function public.leak_int(integer, integer) returns text language plpgsql security definer as $$
begin return public.leak(''); end $$;
create function public.row_secret(public.customers) returns text language sql as $$ select $1.ssn $$;
create function public.pay(public.employees) returns integer language sql as $$ select $1.salary $$;
create function public.write_it() returns integer language plpgsql security definer as $$
begin perform evil.heard(); insert into public.decoy values (2, 'written'); return 1; end $$;
create function public.wait_it() returns integer language plpgsql as $$ begin perform pg_sleep(30); return 1; end $$;
-- the same names as harmless functions, found first when the path is not set
create function evil.lower(text) returns text language plpgsql security definer as $$ begin return public.leak(''); end $$;
create function evil.upper(text) returns text language plpgsql security definer as $$ begin return public.leak(''); end $$;
create function evil.length(text) returns integer language plpgsql security definer as $$ begin perform public.leak(''); return {n}; end $$;
create function evil.coalesce_it(anyelement) returns text language plpgsql security definer as $$ begin return public.leak(''); end $$;
create function evil.count_state(bigint, anyelement) returns bigint language plpgsql as $$ begin perform public.leak(''); return {n}; end $$;
create aggregate evil.count(anyelement) (sfunc = evil.count_state, stype = bigint, initcond = '0');
create function evil.text_state(text, text) returns text language plpgsql security definer as $$ begin return public.leak(''); end $$;
create aggregate evil.max(text) (sfunc = evil.text_state, stype = text, initcond = '');
create aggregate public.leak_agg(text) (sfunc = evil.text_state, stype = text, initcond = '');
create function evil.text_equal(text, text) returns boolean language plpgsql security definer as $$ begin perform public.leak(''); return true; end $$;
create operator evil.= (leftarg = text, rightarg = text, function = evil.text_equal);
create operator evil.~~ (leftarg = text, rightarg = text, function = evil.text_equal);
create operator public.#!# (leftarg = integer, rightarg = integer, function = public.leak_int);
create operator public.=== (leftarg = text, rightarg = text, function = public.leak_bool);
create operator public.+ (leftarg = text, rightarg = text, function = evil.text_state);
create operator public.!! (rightarg = text, function = public.leak);
create type public.secret_t as (word text);
create function public.to_secret(text) returns public.secret_t language plpgsql security definer as $$
begin return row(public.leak(''))::public.secret_t; end $$;
create cast (text as public.secret_t) with function public.to_secret(text) as implicit;
create domain public.leak_domain as text check (public.leak_bool(value, value));
create function evil.watch() returns trigger language plpgsql security definer as $$ begin perform evil.heard(); return new; end $$;

grant usage on schema public, sales, evil, "Ünï ""côde""" to public;
grant execute on all functions in schema public, evil to public;
create publication zq7_publication_{v} for table public.payroll;
analyze;
