// SPDX-License-Identifier: GPL-2.0-or-later
//
// A double of the disk, as far as the state folder of the daemon needs one. It outlives the daemon.
// A full disk takes a part of what is appended and refuses; a power cut tears off any part of what
// was appended and not forced to the disk.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gateway/base/random.h"

namespace gatehouse::world {

class FakeDisk {
  public:
    // Behind what there is; false where it was refused, and a part may be there.
    bool append(const std::string& name, std::string_view text, Random& random) {
        const bool fits = !is_refused();
        if (!fits) text = text.substr(0, random.index(text.size() + 1));
        files_[name].text += text;
        return fits;
    }
    // In one step and forced to the disk; false where it was refused, and the old file stays.
    bool replace(const std::string& name, std::string_view text) {
        if (is_refused()) return false;
        files_[name] = {std::string(text), text.size()};
        return true;
    }
    void shorten(const std::string& name, std::size_t size) {
        File& file = files_[name];
        if (file.text.size() > size) file.text.resize(size);
        file.safe = std::min(file.safe, size);
    }
    const std::string& read(const std::string& name) { return files_[name].text; }

    // Whether a power cut can take anything of it.
    bool is_safe(const std::string& name) {
        const File& file = files_[name];
        return file.safe >= file.text.size();
    }

    void force() {
        for (auto& [name, file] : files_)
            file.safe = file.text.size();
    }
    void cut_power(Random& random) {
        for (auto& [name, file] : files_) {
            file.text.resize(file.safe + random.index(file.text.size() - file.safe + 1));
            file.safe = file.text.size();
        }
    }
    void refuse_next_writes(unsigned count) { refusals_ = count; }

  private:
    struct File {
        std::string text;
        std::size_t safe = 0;  // bytes that a power cut leaves
    };

    bool is_refused() {
        if (refusals_ == 0) return false;
        --refusals_;
        return true;
    }

    std::map<std::string, File> files_;
    unsigned refusals_ = 0;
};

}  // namespace gatehouse::world
