// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as an SSDP message. What must hold: what is taken for a search has a target of
// printable characters and a wait within the limit, and what is answered is bounded.
#include <algorithm>
#include <cstdlib>

#include "gateway/base/bytes.h"
#include "upnp/ssdp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gatehouse;
    const auto search = upnp::parse_search(as_text({data, size}));
    if (!search) return 0;
    const bool printable = std::all_of(search->target.begin(), search->target.end(),
                                       [](char c) { return c >= 0x20 && c < 0x7f; });
    if (!printable || search->target.empty() || search->mx > upnp::kMostMx) std::abort();
    if (upnp::found_by(*search, upnp::Identity({1, 2})).size() > 21) std::abort();
    return 0;
}
