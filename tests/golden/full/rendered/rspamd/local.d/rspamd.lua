-- What our users send must say who sent it: the address in the From header has to be the envelope sender, which Postfix has
-- already compared with the login, or the login itself. Otherwise anyone with a mailbox could have mail of any domain here
-- signed with DKIM. Read by Rspamd at start and reload. Vectis's own submissions ('vectis-submit') are checked by Vectis.

rspamd_config:register_symbol({
  name = 'VECTIS_FORGED_FROM',
  type = 'prefilter',
  score = 0.0,
  group = 'policies',
  description = 'An authenticated user sends with the address of someone else in From',
  callback = function(task)
    local login = task:get_user()
    if not login or login == 'vectis-submit' then
      return false
    end
    local own = { [login:lower()] = true }
    local envelope = task:get_from('smtp')
    if envelope and envelope[1] and envelope[1].addr then
      own[envelope[1].addr:lower()] = true
    end
    for _, from in ipairs(task:get_from('mime') or {}) do
      if not own[(from.addr or ''):lower()] then
        task:insert_result('VECTIS_FORGED_FROM', 1.0, from.addr)
        task:set_pre_result('reject', 'From header is not an address of yours')
        return
      end
    end
  end,
})
