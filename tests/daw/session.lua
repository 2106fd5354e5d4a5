-- Opens the session of arg[1] (folder) and arg[2] (name) without sound, and lists what is in it: a row per thing,
-- fields between tabs, every byte that could be mistaken as %XX. `@end` is the last row of a whole list.

local function row(...)
  local fields = {}
  for _, field in ipairs({...}) do
    fields[#fields + 1] = (tostring(field):gsub("[%%%c]", function (byte) return ("%%%02X"):format(byte:byte()) end))
  end
  -- A line of its own: Ardour leaves lines unfinished.
  io.write("\n", table.concat(fields, "\t"), "\n")
end

local function list_regions(track)
  for region in track:playlist():region_list():iter() do
    local audio = region:to_audioregion()
    local files = {}
    for channel = 0, audio:n_channels() - 1 do
      files[#files + 1] = region:source(channel):to_filesource():path()
    end
    row("@region", track:name(), region:name(), region:position():samples(), region:length():samples(),
        region:start():samples(), ("%.17g"):format(audio:scale_amplitude()), table.unpack(files))
  end
end

AudioEngine:set_backend("None (Dummy)", "", "")
local session = load_session(arg[1], arg[2])
if session then
  local range = session:locations():session_range_location()
  row("@session", math.floor(session:nominal_sample_rate()), range and range:_end():samples() or 0)
  for route in session:get_tracks():iter() do
    row("@track", route:name())
    list_regions(route:to_track())
  end
  for location in session:locations():list():iter() do
    if location:is_mark() then row("@marker", location:name(), location:start():samples()) end
  end
  row("@end")
  io.flush()
  close_session()
end
quit()
