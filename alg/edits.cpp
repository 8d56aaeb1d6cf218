// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/edits.h"

#include <algorithm>
#include <cassert>

namespace gatehouse::sip {

std::size_t Edits::offset_of(std::string_view piece) const {
    const auto offset = static_cast<std::size_t>(piece.data() - whole_.data());
    assert(offset <= whole_.size() && piece.size() <= whole_.size() - offset);
    return offset;
}

void Edits::replace(std::string_view piece, std::string text) {
    if (piece == text) return;
    edits_.push_back({offset_of(piece), piece.size(), std::move(text)});
}

std::ptrdiff_t Edits::growth(std::string_view piece) const {
    const std::size_t first = offset_of(piece);
    std::ptrdiff_t out = 0;
    for (const Edit& edit : edits_) {
        if (edit.offset < first || edit.offset >= first + piece.size()) continue;
        out += static_cast<std::ptrdiff_t>(edit.text.size()) -
               static_cast<std::ptrdiff_t>(edit.length);
    }
    return out;
}

std::string Edits::apply() const {
    std::vector<const Edit*> order;
    order.reserve(edits_.size());
    for (const Edit& edit : edits_)
        order.push_back(&edit);
    std::sort(order.begin(), order.end(),
              [](const Edit* a, const Edit* b) { return a->offset < b->offset; });
    std::string out;
    out.reserve(whole_.size() + 64);
    std::size_t at = 0;
    for (const Edit* edit : order) {
        assert(edit->offset >= at);
        out.append(whole_.substr(at, edit->offset - at));
        out.append(edit->text);
        at = edit->offset + edit->length;
    }
    return out.append(whole_.substr(at));
}

}  // namespace gatehouse::sip
