// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/line_file.h"

namespace gatehouse::daemon {

LineFile::LineFile(loop::FileWriter& writer, std::string path, loop::WrittenFile::Told told)
    : told_(std::move(told)), file_(writer, std::move(path), {}, [this](const Status& status) {
          if (status || !std::exchange(whole_, false)) return;
          told_(status);
      }) {}

void LineFile::rewrite(std::string_view text) {
    whole_ = true;
    appended_ = 0;
    file_.replace(text);
}

bool LineFile::append(std::string_view text) {
    if (text.empty()) return true;
    if (!whole_ || appended_ + text.size() > kMostAppended) return false;
    appended_ += text.size();
    file_.append(text);
    return whole_;
}

}  // namespace gatehouse::daemon
