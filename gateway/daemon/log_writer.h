// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where log lines go: stderr, with the priority in front unless a person reads along, or the
// system log once the daemon has left the terminal.
#pragma once

#include "gateway/base/log.h"

namespace gatehouse::daemon {

class LogWriter {
  public:
    explicit LogWriter(Level most = Level::info);

    // Lines less important than this are left out.
    void set_most(Level most) { most_ = most; }
    // From now on to the system log.
    void leave_terminal();
    void write(const LogLine& line) const;

  private:
    Level most_;
    bool with_priority_;
    bool system_log_ = false;
};

}  // namespace gatehouse::daemon
