-- Two roles that the attacks run as, beside the superuser; cluster-wide.
create role reader login;
create role scoped login;
create role needs_password nologin;
alter role reader set search_path = evil, public, sales;
alter role scoped set search_path = evil, public, sales;
alter role boss set search_path = evil, public, sales;
alter role scoped set zq7.role_setting = 'zq7-role-setting';
