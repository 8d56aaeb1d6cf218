// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file of lines that survives the daemon. Changes are written behind what there is, which is soon
// done, kind to flash and survives a daemon that is killed; from time to time all is written anew.
#pragma once

#include <string>
#include <string_view>

#include "gateway/loop/file_writer.h"

namespace gatehouse::daemon {

class LineFile {
  public:
    static constexpr std::size_t kMostAppended = 32768;  // bytes

    // told: once, where it is not saved as it should be, and is to be written anew later.
    LineFile(loop::FileWriter& writer, std::string path, loop::WrittenFile::Told told);

    const std::string& path() const { return file_.path(); }
    // All that there is, in place of what there was.
    void rewrite(std::string_view text);
    // Behind it. False: that is too much, or not all of it would be there, and all is to be
    // written.
    bool append(std::string_view text);

  private:
    bool whole_ = false;
    std::size_t appended_ = 0;
    loop::WrittenFile::Told told_;
    loop::WrittenFile file_;
};

}  // namespace gatehouse::daemon
