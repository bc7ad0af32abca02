package cache

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/lua"
)

// watchdog stands in front of every script that this package's tests run, on each
// backend: a command on a key that was not declared fails the script, and with it the
// test. So the whole suite shows that no write, read or lease touches such a key.
const watchdog = `
local declared = {}
for _, key in ipairs(KEYS) do
  declared[key] = true
end
local every = {MGET = 1, DEL = 1, MSET = 2, COPY = 1}
local none = {PUBLISH = true, TIME = true}
local real = redis
local redis = {call = function(name, ...)
  local words = {...}
  local last, step = 1, every[name] or 1
  if every[name] then
    last = #words
  elseif none[name] then
    last = 0
  end
  for i = 1, last, step do
    if not declared[words[i]] then
      error('undeclared key: ' .. name .. ' ' .. tostring(words[i]))
    end
  end
  return real.call(name, ...)
end, pcall = real.pcall, error_reply = real.error_reply, acl_check_cmd = real.acl_check_cmd} -- these touch no keys
`

func init() { lua.Guard(watchdog) }

func TestWatchdogSeesUndeclaredKeys(t *testing.T) {
	conform(t, func(s *suite) {
		key := s.store.db.Keys.Component
		for script, refused := range map[string]bool{
			`return redis.call('GET', KEYS[1])`:                  false,
			`return redis.call('MSET', KEYS[1], 'x')`:            false,
			`redis.call('TIME') redis.call('PUBLISH', 'c', '')`:  false,
			`return redis.call('GET', KEYS[1] .. 'x')`:           true,
			`return redis.call('DEL', KEYS[1], KEYS[1] .. 'x')`:  true,
			`return redis.call('COPY', KEYS[1], KEYS[1] .. 'x')`: true,
		} {
			err := redis.NewScript(watchdog+script).Eval(s.ctx, s.store.db.Client, []string{key("1")}).Err()
			if got := err != nil && strings.Contains(err.Error(), "undeclared key"); got != refused {
				s.Errorf("%s: refused %v (%v)", script, got, err)
			}
		}
		s.must(s.store.db.Client.Del(s.ctx, key("1")).Err())
	})
}

// No script names a key or a channel by itself: it has them all from its caller.
func TestScriptsSpellNoKeys(t *testing.T) {
	sources, err := os.ReadDir("lua")
	if err != nil || len(sources) == 0 {
		t.Fatal("no scripts", err)
	}
	called := regexp.MustCompile(`\bp?call\((?:'[A-Z]+'|\w+)(?:, ([^),]*))?`)
	scripts := 0
	for _, source := range sources {
		if !strings.HasSuffix(source.Name(), ".lua") || source.Name() == "rights.lua" { // which calls nothing
			continue
		}
		scripts++
		text, err := os.ReadFile("lua/" + source.Name())
		if err != nil {
			t.Fatal(err)
		}
		calls := called.FindAllStringSubmatch(string(text), -1)
		if len(calls) == 0 {
			t.Errorf("%s calls nothing", source.Name())
		}
		for _, call := range calls {
			if strings.Contains(call[0], "'INFO'") { // of the server, not of a key
				continue
			}
			if strings.ContainsAny(call[1], `'"`) || strings.Contains(call[1], "..") && !strings.Contains(call[0], "'PUBLISH'") {
				t.Errorf("%s makes the name of a key: %s", source.Name(), call[0])
			}
		}
	}
	if scripts != 5 {
		t.Errorf("%d scripts were looked at, want 5", scripts)
	}
}
