-- Since when a key signs no more: what it signed before is verified for a while yet.
alter table dkim_keys add column retired_at text;
