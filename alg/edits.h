// SPDX-License-Identifier: GPL-2.0-or-later
//
// Changes of a text as a list of places and what stands there instead. Whatever no edit names stays
// byte for byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::sip {

struct Edit {
    std::size_t offset = 0;
    std::size_t length = 0;
    std::string text;

    friend bool operator==(const Edit&, const Edit&) = default;
};

class Edits {
  public:
    // `whole` is the text that all pieces are views into.
    explicit Edits(std::string_view whole) : whole_(whole) {}

    // The piece becomes this text; nothing is noted where it is the same already. Pieces do not
    // overlap.
    void replace(std::string_view piece, std::string text);
    // Takes back everything that was noted behind this many edits.
    void cut_back(std::size_t size) { edits_.resize(size); }

    bool empty() const { return edits_.empty(); }
    std::size_t size() const { return edits_.size(); }
    const std::vector<Edit>& all() const { return edits_; }
    // How much longer the edits make what lies within the piece.
    std::ptrdiff_t growth(std::string_view piece) const;
    std::string apply() const;

  private:
    std::size_t offset_of(std::string_view piece) const;

    std::string_view whole_;
    std::vector<Edit> edits_;
};

}  // namespace gatehouse::sip
