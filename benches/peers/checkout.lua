-- A checkout: all lines or none, once per request key. Runs alone, as every script of Redis does.
-- KEYS[1]: the request key. ARGV: order id, customer, address, total in paise, then product and
-- quantity in turns. Returns the order id, or 0 if there are not enough units.
local answered = redis.call('GET', KEYS[1])
if answered then return answered end
for at = 5, #ARGV, 2 do
  local available = tonumber(redis.call('HGET', 'stock', ARGV[at]) or '0')
  if available < tonumber(ARGV[at + 1]) then return 0 end
end
local lines = {}
for at = 5, #ARGV, 2 do
  redis.call('HINCRBY', 'stock', ARGV[at], -tonumber(ARGV[at + 1]))
  lines[#lines + 1] = ARGV[at] .. ':' .. ARGV[at + 1]
end
local number = redis.call('INCR', 'orders')
redis.call('HSET', 'order:' .. ARGV[1], 'number', number, 'customer', ARGV[2], 'address', ARGV[3],
  'total', ARGV[4], 'lines', table.concat(lines, ','))
redis.call('SET', KEYS[1], ARGV[1], 'EX', 172800)
return ARGV[1]
