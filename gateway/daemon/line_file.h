// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file of lines that survives the daemon. Changes are written behind what there is, which is soon
// done, kind to flash and survives a daemon that is killed; from time to time all is written anew.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::daemon {

class LineFile {
  public:
    static constexpr std::size_t kMostAppended = 32768;  // bytes

    // All that there is, in place of what there was.
    Status rewrite(const std::string& path, std::string_view text);
    // Behind it. False: that is too much, or the disk does not take it, and all is to be written.
    bool append(std::string_view text);

  private:
    loop::Fd file_;
    std::size_t appended_ = 0;
};

}  // namespace gatehouse::daemon
