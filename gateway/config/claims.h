// SPDX-License-Identifier: GPL-2.0-or-later
//
// For sections that a file may have many of: reading each, and no two with the same key.
#pragma once

#include <map>
#include <string_view>

#include "gateway/base/text.h"
#include "gateway/config/raw.h"

namespace gatehouse::config {

// Calls read(reader) for every section of a type.
template <class Read>
void each(const RawConfig& raw, std::string_view type, ProblemList& errors, ProblemList& warnings,
          Read read) {
    for (const RawSection& section : raw.sections) {
        if (section.spec->type != type) continue;
        SectionReader reader(section, errors, warnings);
        read(reader);
    }
}

// Remembers which section claimed something first.
template <class Key>
class Claims {
  public:
    // The line of the section that has the key already; 0 where it is free.
    int taken(const Key& key) const {
        const auto found = lines_.find(key);
        return found == lines_.end() ? 0 : found->second;
    }
    void claim(const Key& key, int line) { lines_.emplace(key, line); }

  private:
    std::map<Key, int> lines_;
};

// Refuses the section when its key is taken; true when it is free.
template <class Key>
bool free_for(SectionReader& reader, const Claims<Key>& claims, const Key& key,
              std::string_view option) {
    const int line = claims.taken(key);
    if (line == 0) return true;
    reader.refuse(reader.line_of(option), concat('\'', option, "' is ", key.to_string(),
                                                 ", which line ", line, " has already"));
    return false;
}

}  // namespace gatehouse::config
