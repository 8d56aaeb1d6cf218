// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a configuration file. What must hold: reading never fails otherwise than with
// problems; what was read, written and read again says the same and means the same Config; a
// Config is there exactly when there are no errors.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/base/bytes.h"
#include "gateway/config/loader.h"
#include "gateway/config/uci_text.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::config;

void must(bool holds) {
    if (!holds) std::abort();
}

void check_messages(const std::vector<Problem>& problems) {
    must(problems.size() <= ProblemList::kMost + 1);
    for (const Problem& problem : problems) {
        must(!problem.text.empty());
        for (const char c : problem.to_string())
            must(static_cast<unsigned char>(c) >= 0x20);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text({data, size});
    const UciFile file = parse_uci(text, "fuzz");
    check_messages(file.problems);
    check_messages(file.warnings);

    const std::string written = write_uci(file);
    if (written.size() > kMaxFile) return 0;
    const UciFile again = parse_uci(written, "fuzz");
    must(again.problems.empty());
    must(again == file);
    must(write_uci(again) == written);

    const ConfigResult result = load_config(text, "fuzz");
    check_messages(result.errors);
    check_messages(result.warnings);
    must(result.config.has_value() == result.errors.empty());
    if (result.config) {
        const ConfigResult same = load_config(written, "fuzz");
        must(same.config == result.config);
        must(!result.config->gateway.lan.empty());
        must(!result.config->sip.ports.empty());
    }
    return 0;
}
