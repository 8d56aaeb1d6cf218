// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/boot_stamp.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::daemon {

std::string write_boot_stamp(std::string_view boot, Instant now) {
    return concat(boot, " ", whole_seconds(now.time_since_epoch()), "\n");
}

std::optional<Stamped> read_boot_stamp(std::string_view text, std::string_view boot, Instant now) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto words = split(text.substr(0, end), ' ');
    if (words.size() != 2) return std::nullopt;
    const auto written = parse_number<std::uint32_t>(words[1]);
    if (!written) return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
    return Stamped{text, words[0] == boot ? now : Instant(std::chrono::seconds(*written))};
}

}  // namespace gatehouse::daemon
