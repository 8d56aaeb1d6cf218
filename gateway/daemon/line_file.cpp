// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/line_file.h"

#include "gateway/loop/files.h"

namespace gatehouse::daemon {

Status LineFile::rewrite(const std::string& path, std::string_view text) {
    file_ = loop::Fd();
    auto replaced = loop::replace_file(path, text);
    if (!replaced) return replaced.failure();
    file_ = std::move(*replaced);
    appended_ = 0;
    return {};
}

bool LineFile::append(std::string_view text) {
    if (text.empty()) return true;
    if (!file_ || appended_ + text.size() > kMostAppended) return false;
    appended_ += text.size();
    if (loop::write_all(file_.get(), text)) return true;
    // A part may be there: nothing is written behind it.
    file_ = loop::Fd();
    return false;
}

}  // namespace gatehouse::daemon
