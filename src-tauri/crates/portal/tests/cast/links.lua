components = {}

local function module(name)
  components[name] = { "libwireplumber-module-" .. name, type = "module" }
end

local function script(name)
  components[name] = { name, type = "script/lua", args = { rules = {} } }
end

module("si-node")
module("si-audio-adapter")
module("si-standard-link")
module("si-audio-endpoint")
module("default-nodes-api")
module("mixer-api")
script("access/access-default.lua")
script("create-item.lua")
script("policy-node.lua")
