;;; sealedfiles.el --- Keep copies of sealed files out of the way  -*- lexical-binding: t -*-

;; Copy to a folder in `load-path', and add (require 'sealedfiles) to your init file.
;;
;; In an unlocked clone, a sealed file is plaintext.  This turns off backups, auto-save files and lock files
;; for the files that git sends through sealedfiles.  No local variables are needed, so nothing that others
;; push can turn it off.

;;; Code:

(defun sealedfiles-sealed-p (file)
  "Return non-nil if git sends FILE through sealedfiles."
  (let ((default-directory (file-name-directory file)))
    (and (file-directory-p default-directory)
         (with-temp-buffer
           (and (eq 0 (ignore-errors (call-process "git" nil t nil "check-attr" "filter" "--" file)))
                (progn (goto-char (point-min))
                       (re-search-forward ": filter: sealedfiles$" nil t)))))))

(defun sealedfiles-keep-nothing ()
  "Turn off files in which Emacs would store the text of a sealed file."
  (when (and buffer-file-name
             (not (file-remote-p buffer-file-name))
             (sealedfiles-sealed-p buffer-file-name))
    (setq-local backup-inhibited t)
    (setq-local create-lockfiles nil)
    (setq-local undo-tree-auto-save-history nil)
    (auto-save-mode -1)))

(add-hook 'find-file-hook #'sealedfiles-keep-nothing)

(provide 'sealedfiles)
;;; sealedfiles.el ends here
