// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/compact_text.h"

#include <algorithm>

namespace gatehouse {

static_assert(sizeof(CompactText) == 16);
static_assert(sizeof(char*) + sizeof(std::uint32_t) <= CompactText::kInside);

CompactText::CompactText(std::string_view text) {
    if (text.size() <= kInside) {
        std::copy(text.begin(), text.end(), bytes_.begin());
        size_ = static_cast<std::uint8_t>(text.size());
        return;
    }
    const auto size = static_cast<std::uint32_t>(text.size());
    auto* const where = new char[size];
    std::copy_n(text.begin(), size, where);
    std::memcpy(bytes_.data(), &where, sizeof where);
    std::memcpy(bytes_.data() + sizeof where, &size, sizeof size);
    size_ = kOutside;
}

}  // namespace gatehouse
