// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/ruleset_loader.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/kernel/child.h"
#include "gateway/kernel/nft.h"
#include "gateway/kernel/nft_watch.h"

namespace gatehouse::kernel {

namespace {

// What the child tells: its number, a line break, and what went wrong, if anything did.
std::string load_and_tell(const std::string& text) {
    std::string report;
    const auto number = own_process_number();
    append(report, number.ok() ? *number : 0U, '\n');
    auto nft = Nft::open();
    const Status status = nft ? nft->apply(text) : Status(nft.failure());
    if (!status) report += status.error().text;
    return report;
}

}  // namespace

RulesetLoad load_ruleset(const std::string& text) {
    const auto told = in_child([&text] { return load_and_tell(text); });
    if (!told) return {fail("loading the ruleset: " + told.error().text), 0};
    const std::string_view report = *told;
    const std::size_t end = std::min(report.find('\n'), report.size());
    RulesetLoad out;
    out.process = parse_number<std::uint32_t>(report.substr(0, end)).value_or(0);
    const std::string_view reason = report.substr(std::min(end + 1, report.size()));
    if (!reason.empty()) out.status = fail(reason);
    return out;
}

}  // namespace gatehouse::kernel
