// The one table of everything that can be set. The command line, `safelight config`, .env.example and the
// documentation are all made from it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/config.h"

namespace safelight::app {

struct Setting {
    std::string section;   // heading in .env.example and the documentation
    std::string variable;  // "SAFELIGHT_LISTEN"; the flag is made from it: "--listen"
    std::string help;      // one sentence
    std::string accepts;   // what it may hold: "address:port"
    bool secret = false;   // masked wherever it is shown
    std::function<bool(Config&, std::string_view)> set;  // false: the text is not acceptable, nothing changed
    std::function<std::string(const Config&)> get;       // in the form that `set` takes

    [[nodiscard]] std::string flag() const;
};

/// In the order in which they are shown. Made once; any thread may read.
[[nodiscard]] std::span<const Setting> settings();

}  // namespace safelight::app
