"""Every claim of SECURITY.md, "What is protected", and the tests that fail if it does not hold."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "SECURITY.md"

CLAIMS = {
    "Values are confidential": [
        "git/test_three_groups.py::test_no_object_holds_a_value",
        "model/test_token.py::test_a_token_does_not_open_with_another_key_group_or_file",
    ],
    "The length of a value shows only in steps of 32 bytes": [
        "model/test_token.py::test_a_token_shows_the_length_in_steps_of_32_bytes_only",
        "sealing/test_gaps.py::test_values_of_all_lengths_up_to_the_comments_look_alike",
    ],
    "Equality shows only as": [
        "model/test_token.py::test_different_contents_never_share_a_token",
        "git/test_file_ids.py::test_a_new_file_at_an_old_name_takes_the_next_id",
    ],
    "A value that is forged, altered, or moved": [
        "model/test_token.py::test_a_token_with_any_one_character_exchanged_never_opens",
        "git/test_attacks.py::test_a_token_that_was_copied_elsewhere_stays_a_token_and_is_named",
        "git/test_attacks.py::test_a_token_of_another_file_does_not_open",
    ],
    "Plaintext where the policy seals is not used": [
        "app/files/test_provenance.py::test_no_command_gives_it_out",
        "app/files/test_provenance.py::test_python_raises",
        "app/files/test_provenance.py::test_outside_git_plaintext_is_refused_as_nothing_shows_who_wrote_it",
        "app/files/test_provenance.py::test_outside_git_no_rule_counts_that_the_users_groups_do_not_prove",
    ],
    "A mapping or a list in the place of a sealed value": [
        "app/files/test_collections.py::test_everything_below_a_sealed_key_is_sealed",
        "app/files/test_collections.py::test_a_rule_for_the_items_of_a_list_seals_a_single_value",
        "app/files/test_collections.py::test_no_command_gives_it_out",
        "app/files/test_other_names.py::test_no_command_gives_it_out",
        "model/test_folded_names.py::test_what_configparser_reads_in_an_ini_file",
        "model/test_folded_names.py::test_what_is_found_in_xml_by_its_namespace",
    ],
    "A submodule is not used": [
        "app/check/test_links.py::test_a_link_in_the_place_of_a_folder",
        "app/check/test_links.py::test_a_new_file_beyond_it_is_found_when_it_is_staged",
        "app/test_links.py::test_no_command_follows_a_link_that_was_pushed",
        "git/test_repository.py::test_a_bare_repository_among_the_files_is_not_used",
        "git/test_repository.py::test_nor_is_one_that_names_the_work_tree_around_it",
        "app/test_links.py::test_a_folder_that_was_entered_by_such_a_link_is_the_same",
        "git/test_submodule.py::test_its_values_are_not_printed_and_nothing_is_sealed_to_its_group",
        "git/test_submodule.py::test_whatever_the_outer_repository_looks_like",
        "git/test_submodule.py::test_a_submodule_of_a_submodule",
        "git/test_submodule.py::test_the_filter_for_all_repositories_does_not_decrypt_it",
        "git/test_submodule.py::test_its_plaintext_is_not_used_either",
        "git/test_submodule.py::test_who_unlocks_the_submodule_itself_has_accepted_it",
        "git/test_submodule.py::test_it_stays_accepted_where_it_is",
        "git/test_submodule.py::test_its_user_may_have_cloned_it_by_hand",
        "git/test_submodule.py::test_git_sets_variables_in_a_hook_that_name_the_submodule",
        "git/test_submodule.py::test_a_machine_may_expect_its_groups",
        "git/test_submodule.py::test_a_machine_that_expects_groups_uses_no_plaintext_beside_a_copy_of_their_keys",
    ],
    "Plaintext in git is not turned into a token": [
        "git/test_laundering_moved.py::test_a_merge_puts_no_new_value_at_a_key_that_somebody_without_a_key_chose",
        "git/test_laundering.py::test_no_way_turns_it_into_a_token",
        "app/files/test_provenance.py::test_status_fix_names_the_commit_and_asks",
        "cli/test_track.py::test_existing_files_are_sealed_immediately",
    ],
    "Plaintext that a checkout wrote": [
        "app/files/test_provenance.py::test_a_clone_that_was_never_unlocked_gives_out_nothing_that_it_checked_out",
        "app/files/test_provenance.py::test_nor_does_it_give_out_what_git_wrote_from_a_commit_that_it_never_was_at",
        "app/files/test_provenance.py::test_nor_does_it_resolve_an_alias_of_such_a_commit",
        "app/files/test_provenance.py::test_what_git_wrote_in_another_encoding_is_plaintext_of_git",
        "app/files/test_provenance.py::test_what_git_wrote_in_the_place_of_its_version_is_plaintext_of_git",
        "git/test_laundering_work_tree.py::test_no_way_turns_it_into_a_token",
        "git/test_laundering_work_tree.py::test_nor_does_utf_8_seal_a_text_that_was_pushed_in_another_encoding",
        "git/test_laundering_noted.py::test_nor_what_a_merge_wrote_without_the_filter",
        "git/test_corners.py::test_plaintext_that_was_pushed_under_a_name_that_no_pattern_matches_is_not_sealed",
        "git/test_laundering_work_tree.py::test_the_same_in_every_format",
        "git/test_laundering_work_tree.py::test_other_commands_of_git_continue",
        "git/test_laundering_work_tree.py::test_what_a_formatter_rewrites_does_not_become_the_user_s",
        "git/test_laundering_work_tree.py::test_nor_does_what_was_behind_a_symbolic_link",
        "git/test_laundering_work_tree.py::test_nor_is_it_what_a_checkout_wrote_before_the_filter_was_set_up",
        "git/test_laundering_work_tree.py::test_no_command_gives_it_out",
        "git/test_laundering_work_tree.py::test_seal_names_the_commit_and_asks",
        "git/test_laundering_noted.py::test_a_value_that_is_commented_out_is_refused",
        "git/test_laundering_noted.py::test_a_comment_whose_sign_is_removed_is_refused",
        "git/test_laundering_noted.py::test_a_file_that_does_not_parse_any_more_is_refused",
        "git/test_plaintext_memory.py::test_an_unreadable_file_is_an_error",
        "git/test_laundering_work_tree.py::test_nor_is_it_after_its_record_could_not_be_written",
    ],
    "A token of another group than the policy's": [
        "app/files/test_provenance.py::test_a_token_of_another_group_is_refused_in_an_open_file",
        "git/test_file_ids.py::test_a_copy_of_a_file_next_to_the_original_prints_nothing",
    ],
    "Neither becomes a token by way of a file sealed whole": [
        "git/test_laundering_whole.py::test_a_broken_file_is_refused",
        "git/test_laundering_whole.py::test_plaintext_that_did_not_parse_is_refused_once_it_is_fixed",
        "git/test_laundering_whole.py::test_a_text_with_conflict_markers_is_refused",
        "git/test_laundering_whole.py::test_a_broken_file_that_was_moved_is_refused",
        "git/test_laundering_whole.py::test_a_rule_that_seals_the_file_whole_hides_nothing",
        "git/test_laundering_whole.py::test_a_token_of_a_removed_reader_is_refused",
        "git/test_laundering_whole.py::test_an_edit_of_a_file_that_a_reader_of_another_group_sealed_whole_is_refused",
        "git/test_laundering_moved.py::test_a_renamed_key_does_not_make_it_a_reader_s",
        "git/test_laundering_moved.py::test_nor_does_a_comment",
        "git/test_laundering_comments.py::test_a_short_plaintext_comment_is_refused_and_not_printed",
        "git/test_laundering_comments.py::test_a_comment_of_another_group_is_refused_and_not_printed",
    ],
    "A reference in plaintext": [
        "app/files/test_references.py::test_an_alias_in_git_prints_no_sealed_value",
        "app/files/test_references.py::test_a_plain_variable_of_git_takes_in_no_sealed_one",
        "app/files/test_references.py::test_nor_does_a_file_that_is_read_after_the_sealed_variable_was_set",
        "app/files/test_references.py::test_an_alias_of_anything_in_plaintext_is_resolved_only_where_values_stay_plain",
        "app/files/test_references.py::test_a_plain_variable_that_steers_loaders_is_refused",
        "app/files/test_references.py::test_an_alias_of_anything_in_plaintext_is_resolved_only_where_values_stay_plain",
        "app/check/test_references.py::test_plaintext_that_an_alias_shows_at_a_sealed_key",
        "app/files/test_merge_keys.py::test_whatever_is_read_at_a_key_path_was_judged_by_the_rules_for_it",
        "app/files/test_merge_keys.py::test_no_command_gives_out_plaintext_that_git_has_there",
        "app/files/test_merge_keys.py::test_nor_is_a_token_of_that_group_used",
    ],
    "A secret reference (`ref+vault://…`) is resolved": [
        "app/resolving/test_find.py::test_a_pushed_reference_in_plaintext_is_refused",
        "app/resolving/test_find.py::test_so_is_one_in_a_plain_value_that_the_user_typed",
        "app/resolving/test_find.py::test_a_pushed_policy_that_allows_a_scheme_does_not_count",
        "app/resolving/test_find.py::test_a_token_that_was_moved_is_refused",
        "app/resolving/test_find.py::test_one_that_another_value_brings_is_not_resolved",
        "app/resolving/test_find.py::test_a_reader_of_another_group_cannot_have_it_resolved",
        "app/resolving/test_find.py::test_one_under_a_retired_key_is_not_resolved",
        "app/resolving/test_find.py::test_what_comes_back_is_not_resolved_again",
        "app/resolving/test_find.py::test_nothing_else_resolves_them",
        "app/resolving/test_find.py::test_keys_are_not_passed_on_by_a_reference",
        "app/resolving/test_vault.py::test_what_is_not_there",
    ],
    "A .env file with a plain value or comment in which a dialect reads a sealed variable is refused": [
        "app/files/test_references.py::test_a_plain_value_in_which_a_dialect_reads_a_sealed_variable_is_not_stored",
        "app/files/test_references.py::test_a_quote_of_git_takes_in_no_sealed_value",
        "app/files/test_references.py::test_a_plain_variable_of_git_shows_no_sealed_comment",
        "app/files/test_references.py::test_text_that_another_program_reads_as_a_sealed_variable_is_not_stored",
    ],
    "A plain value of a .env file, or a value of another group, does not set a sealed variable": [
        "app/files/test_references.py::test_a_line_that_a_quote_takes_in_is_sealed_and_cannot_be_replaced",
        "app/files/test_references.py::test_a_plain_value_of_git_hides_no_assignment_of_a_sealed_variable",
        "app/files/test_references.py::test_a_value_of_one_group_hides_no_assignment_of_another_group",
        "app/files/test_references.py::test_white_space_beside_a_token_is_text_if_the_dialect_reads_it",
        "app/files/test_references.py::test_a_second_line_with_the_name_does_not_take_the_value_away",
    ],
    "A decrypted value cannot change the structure": [
        "git/test_attacks.py::test_a_literal_brings_no_structure_of_its_own",
        "git/test_hostile.py::test_a_literal_with_an_anchor_does_not_change_what_an_alias_means",
    ],
    "A key that an attacker made does not become": [
        "git/test_attacks.py::test_a_key_file_around_a_chosen_key_opens_and_seals_nothing",
        "cli/test_authority_of_keys.py::test_a_command_for_another_group_accepts_no_stranger_s_group",
        "cli/test_authority_of_keys.py::test_adopt_names_no_stranger_s_group_in_the_place_of_the_user",
    ],
    "`init` proves no policy that was": [
        "cli/test_init.py::test_a_policy_that_was_there_before_the_first_reader_is_not_proved",
        "cli/test_init.py::test_a_policy_that_others_put_there_is_not_proved_by_restoring_the_keys",
    ],
    "A group key is encrypted to a verified reader only": [
        "keys/test_readers.py::test_only_its_three_constructors_make_a_verified_reader",
        "keys/test_readers.py::test_nothing_else_in_the_package_encrypts_a_key",
        "cli/test_authority_of_keys.py::test_a_superseded_grant_that_is_restored_gets_no_new_key",
        "cli/test_authority_of_keys.py::test_a_key_beside_ones_own_gets_nothing_of_a_new_group",
        "cli/test_authority_of_keys.py::test_a_public_key_that_nobody_proved_is_not_granted_by_name",
        "cli/test_grant.py::test_a_grant_for_another_group_does_not_verify_a_public_key",
        "cli/test_grant.py::test_another_public_key_of_the_user_gets_no_new_group",
        "cli/test_recovery_key.py::test_a_name_in_a_policy_that_is_not_in_force_gets_no_key",
    ],
    "A group that was replaced is refused": [
        "git/test_attacks.py::test_a_whole_group_replaced_opens_and_seals_nothing",
        "git/test_clone_keys.py::test_without_remotes_the_own_default_branch_counts",
        "git/test_clone_keys.py::test_in_a_worktree_of_a_bare_clone_the_branch_of_the_remote_counts",
        "cli/test_authority_of_keys.py::test_a_machine_refuses_a_group_that_was_replaced",
    ],
    "A pushed file in `.sealedfiles/identities/`": [
        "keys/test_kms_file.py::test_without_the_variable_a_file_is_not_used",
        "keys/test_kms_file.py::test_a_file_with_another_head_is_refused_before_the_service_is_called",
        "keys/test_kms_file.py::test_another_key_is_refused_if_the_service_encrypts_for_everybody",
        "cli/test_keygen_kms.py::test_a_file_that_was_pushed_is_refused",
        "cli/test_keygen_kms.py::test_the_ciphertext_of_another_reader_is_refused",
        "cli/test_keygen_kms.py::test_a_replaced_group_is_refused",
    ],
    "A flood of key files": [
        "keys/test_group_keyring.py::test_a_flood_of_key_files_costs_a_bounded_number_of_tries",
        "keys/test_epochs.py::test_a_file_with_too_many_lines_is_refused_before_any_is_read",
        "age/test_header.py::test_the_number_of_stanzas_is_limited",
        "model/test_policy.py::test_a_policy_that_is_too_large_is_not_parsed",
        "git/test_policy_in_force.py::test_a_huge_policy_leaves_the_old_one_in_force",
    ],
    "A `.sealedfiles/` further down the tree": [
        "git/test_attacks.py::test_a_policy_in_a_subfolder_has_no_effect",
        "app/files/test_provenance.py::test_outside_git_a_second_folder_further_down_is_refused",
        "git/test_attacks.py::test_a_symlink_in_the_folder_is_refused",
        "keys/test_folder.py::test_a_submodule_is_refused",
        "git/test_submodule.py::test_a_submodule_in_the_place_of_the_keys_is_refused",
    ],
    "Names and texts from the repository cannot control": [
        "util/test_messages.py::test_nothing_else_writes_to_a_terminal",
        "git/test_hostile.py::test_control_characters_do_not_reach_the_terminal",
    ],
    "Commands in messages are quoted": [
        "cli/test_escapes.py::test_the_commands_in_hints_can_be_copied",
        "util/test_advice.py::test_every_name_in_a_command_is_quoted",
        "util/test_messages.py::test_a_word_of_a_command_is_one_word",
        "util/test_messages.py::test_a_name_is_neither_an_option_nor_magic",
    ],
    "A clone obeys a changed policy": [
        "git/test_policy_in_force.py::test_a_change_without_a_proof_leaves_the_old_policy_in_force",
        "git/test_policy_in_force.py::test_a_proof_of_another_policy_proves_nothing",
        "git/test_policy_in_force.py::test_a_machine_of_one_group_accepts_no_policy_without_its_rules",
        "git/test_policy_in_force.py::test_a_machine_of_several_groups_accepts_no_policy_that_only_one_proves",
        "git/test_policy_in_force.py::test_fewer_tracked_files_are_not_accepted_without_a_proof",
        "git/test_policy_in_force.py::test_it_seals_the_files_of_the_last_proved_policy",
        "git/test_policy_in_force.py::test_it_seals_what_gitattributes_listed_where_the_proved_policy_lists_nothing",
        "git/test_policy_in_force.py::test_it_seals_every_file_where_the_keys_were_replaced",
        "cli/test_reseal.py::test_a_renamed_file_does_not_get_other_readers_unasked",
        "git/test_attributes_mirror.py::test_a_later_line_does_not_unseal_the_file",
        "git/test_older_branches.py::test_a_new_file_of_a_pattern_that_main_tracks_is_sealed",
        "git/test_attributes_mirror.py::test_no_line_of_the_repository_recodes_a_sealed_file",
        "git/test_attributes_mirror.py::test_a_removed_or_missing_attribute_file_seals_no_less",
    ],
    "A value that was sealed is not written in plaintext": [
        "sealing/test_previous.py::test_what_was_sealed_is_never_written_plain",
    ],
    "A broken file, or a rule `format: whole`": [
        "sealing/test_whole.py::test_the_groups_of_the_values_that_it_replaces_are_kept",
        "sealing/test_whole.py::test_somebody_who_lacks_one_of_its_groups_is_refused",
    ],
    "Readers see the values of their groups": [
        "git/test_three_groups.py::test_each_changes_what_is_theirs_and_carries_the_rest_along",
        "git/test_three_groups.py::test_cat_shows_no_more_and_get_says_who_could_help",
    ],
    "Values sealed with a retired key are not used": [
        "git/test_retired_values.py::test_it_is_neither_added_nor_printed",
        "git/test_retired_values.py::test_but_not_one_of_a_commit_from_after_it",
        "git/test_retired_values.py::test_nor_of_a_branch_that_repeats_the_revocation",
        "git/test_retired_values.py::test_nor_before_the_revocation_is_committed",
        "app/files/test_confirm_suspects.py::test_values_under_a_retired_key_are_named_and_asked_about",
        "cli/test_authority_of_keys.py::test_changing_one_word_in_epochs_does_not_reactivate_a_retired_key",
    ],
    "A removed reader does not come back under another name": [
        "cli/test_revoke.py::test_other_names_of_the_same_public_key_are_removed_too",
        "cli/test_revoke.py::test_another_name_is_removed_from_groups_that_the_name_itself_does_not_read",
        "cli/test_revoke.py::test_somebody_who_shares_one_public_key_of_several_is_not_removed_unasked",
        "cli/test_key_attacks.py::test_a_removed_reader_does_not_come_back_under_another_name",
        "cli/test_key_attacks.py::test_a_late_grant_under_another_name_of_a_removed_reader_gives_no_key",
        "cli/test_group.py::test_one_that_was_put_back_is_not_used_before_its_readers_were_seen",
    ],
    "Old keys that are put back": [
        "cli/test_authority_of_keys.py::test_keys_that_are_restored_are_found_by_memory_and_by_history",
        "cli/test_authority_of_keys.py::test_keys_of_one_of_two_groups_that_are_restored_give_nothing_of_the_other",
        "cli/test_authority_of_keys.py::test_a_new_clone_seals_nothing_with_keys_that_are_restored",
        "git/test_retired_keys.py::test_a_removed_reader_continues_no_earlier_key",
        "git/test_retired_keys.py::test_nor_in_a_clone_that_has_seen_only_the_earlier_key",
        "git/test_retired_keys.py::test_nor_on_a_branch_from_before_that_was_merged",
        "git/test_retired_keys.py::test_a_removed_reader_takes_over_no_clone_that_has_looked_at_the_revocation",
        "git/test_retired_keys.py::test_nor_after_a_force_push_that_hides_it",
        "git/test_retired_keys.py::test_nor_one_that_pulled_the_revocation_while_it_was_locked",
        "git/test_retired_keys.py::test_nor_one_that_was_not_unlocked_when_it_pulled_the_revocation",
        "git/test_retired_keys.py::test_what_is_expected_counts_beside_the_record_of_a_clone",
        "git/test_retired_keys.py::test_worktrees_share_what_each_has_looked_at",
        "git/test_taken_over.py::test_a_removed_reader_takes_over_no_clone_that_has_pulled_the_removal",
        "git/test_retired_keys.py::test_a_history_that_is_too_long_to_read_is_refused",
        "keys/test_group_keyring.py::test_a_way_back_behind_the_newest_epoch_seen_is_refused",
    ],
    "If a value cannot be sealed": [
        "git/test_hostile.py::test_without_a_policy_that_can_be_read_nothing_is_added",
        "git/test_three_groups.py::test_a_value_of_a_group_that_one_lacks_is_refused_with_the_names_of_who_could_add_it",
    ],
    "A missing key, a damaged token or a broken file never fails": [
        "git/test_flows_commit.py::test_a_half_edited_file_disturbs_nothing_and_leaks_nothing",
        "cli/test_kills.py::test_kills_at_any_time",
    ],
    "The hooks and `check` refuse a commit with tokens whose": [
        "app/check/test_any_file.py::test_tokens_are_not_committed_without_their_folder",
        "app/check/test_any_file.py::test_a_key_of_a_reader_is_found_wherever_it_is",
        "app/test_key_output.py::test_a_key_is_refused_in_a_repository",
        "cli/test_hook_keys.py::test_what_a_policy_allows_that_is_not_in_force_is_refused",
    ],
    "Cached group keys that no `.sealedfiles/`": [
        "cli/test_init.py::test_cached_keys_of_a_lost_folder_are_never_replaced",
        "cli/test_init.py::test_the_folder_is_restored_from_the_cached_keys",
    ],
    "A private key that was given where": [
        "util/test_private_keys.py::test_every_private_key_is_masked_and_the_words_around_it_stay",
        "keys/test_identities.py::test_the_text_of_a_key_is_no_file_and_no_command",
    ],
    "A value that was written without reading": [
        "cli/test_accept.py::test_no_command_uses_it_before",
        "cli/test_accept.py::test_python_and_push_refuse_it",
        "cli/test_accept.py::test_a_value_of_a_group_that_one_does_not_read",
        "cli/test_accept.py::test_tokens_that_do_not_belong_there_are_refused",
        "cli/test_accept.py::test_a_literal_cannot_change_the_text_around_it",
        "cli/test_accept.py::test_an_accepted_value_is_never_replaced_silently",
        "git/test_flows_unauthenticated.py::test_branches_merges_rebases_and_cherry_picks",
    ],
    "A value is encrypted to a group's public key": [
        "cli/test_accept.py::test_the_public_key_is_used_only_after_its_user_has_confirmed_it",
        "cli/test_accept.py::test_a_pushed_public_key_is_refused",
        "cli/test_accept.py::test_a_public_key_that_a_removed_reader_restored_is_refused",
        "keys/test_epochs.py::test_a_public_key_that_somebody_without_the_key_exchanged_is_refused",
    ],
    "Who writes a value for a group": [
        "test_vectors.py::test_unauthenticated_tokens",
        "test_vectors.py::test_equal_values_have_different_unauthenticated_tokens_of_one_length",
        "test_vectors.py::test_what_the_product_writes_without_reading_only_the_key_and_its_place_open",
        "cli/test_accept.py::test_after_a_rotation_it_is_accepted_and_after_a_revocation_it_is_not",
    ],
    "`sealedfiles scan` searches for": [
        "cli/test_scan.py::test_all_planted_secrets_are_found_and_nothing_else",
        "cli/test_scan.py::test_no_value_is_passed_to_git_or_written_to_disk",
        "cli/test_scan.py::test_nothing_is_sent_and_no_value_written",
        "cli/test_scan.py::test_ggshield_gets_no_sealed_value",
        "app/scan/test_engines.py::test_other_programs_send_nothing",
    ],
    "`sealedfiles push` sends values only to a target": [
        "cli/test_push.py::test_a_target_that_nobody_proved_is_refused",
        "cli/test_push.py::test_a_clone_without_a_key_pushes_nothing",
        "cli/test_push.py::test_plaintext_that_somebody_pushed_is_refused",
        "cli/test_push.py::test_values_of_other_groups_are_not_left_out",
        "cli/test_push.py::test_what_was_written_before_an_error_is_reported",
        "cli/test_push.py::test_prune_deletes_only_what_push_created",
        "app/push/test_forges.py::test_a_token_is_sent_only_to_the_host_that_the_user_named",
        "app/push/test_forges.py::test_only_what_push_created_is_deleted",
        "app/push/test_masking.py::test_every_spelling_of_a_value_is_masked",
    ],
    "`sealedfiles adopt` and `exposure --history` show no value": [
        "cli/test_adopt.py::test_no_value_leaves_the_process",
        "cli/test_adopt.py::test_files_are_sealed_and_staged_and_the_rest_is_listed",
        "cli/test_exposure_history.py::test_the_file_with_values_is_private_and_new_and_outside_of_any_repository",
        "cli/test_exposure_history.py::test_filter_repo_removes_the_values_of_the_file",
    ],
    "`sealedfiles migrate` shows no value": [
        "cli/test_migrate_git_crypt.py::test_one_command_migrates_an_unlocked_clone",
        "cli/test_migrate_git_crypt.py::test_an_interrupted_migration_is_finished_by_the_next_one",
        "cli/test_migrate_ansible.py::test_a_link_in_the_place_of_a_folder_is_refused_before_anything_is_changed",
        "cli/test_migrate_ansible.py::test_nothing_is_written_beyond_a_link_that_appears_later",
        "app/migrate/test_grants.py::test_a_key_from_a_file_is_used_only_if_the_user_confirms_it",
        "app/migrate/test_grants.py::test_nobody_gets_access_to_more_than_before",
        "cli/test_migrate_governed.py::test_rules_of_the_tool_leave_nothing_in_plaintext_that_the_policy_seals",
        "cli/test_migrate_governed.py::test_rules_name_single_files_if_the_policy_seals_others",
        "cli/test_migrate_governed.py::test_a_file_that_was_sealed_is_migrated_only_if_the_user_names_it",
    ],
    "`sealedfiles export` writes only to a folder": [
        "cli/test_export_files.py::test_nothing_is_written_where_git_could_store_it_or_over_a_file",
        "cli/test_export_files.py::test_values_that_are_not_from_a_reader_are_not_exported",
        "cli/test_export_files.py::test_values_of_other_groups_are_not_left_out",
        "cli/test_export_files.py::test_age_files_are_for_the_chosen_readers",
    ],
    "`sealedfiles rotate-value` runs no command": [
        "cli/test_rotate_value.py::test_only_a_confirmed_policy_says_how_values_are_generated",
        "cli/test_rotate_value.py::test_a_value_that_was_pushed_in_plaintext_is_not_given_out",
        "cli/test_rotate_value.py::test_the_provider_gets_both_values_on_stdin_only",
        "cli/test_rotate_value.py::test_values_in_the_output_of_the_command_are_masked",
        "cli/test_rotate_value.py::test_a_failed_command_changes_nothing_and_the_next_one_gets_the_same_value",
        "cli/test_rotate_value.py::test_a_kill_at_any_moment_leaves_the_value_that_the_provider_has",
    ],
    "A baseline of `scan` holds": [
        "cli/test_scan.py::test_a_baseline_shows_nothing_to_who_has_no_key",
        "cli/test_scan.py::test_a_baseline_counts_only_under_the_current_keys",
    ],
    "Sealed output is decrypted again": [
        "sealing/test_verification.py::test_text_that_could_not_be_decrypted_again_is_sealed_whole",
        "sealing/test_verification.py::test_if_it_cannot_be_sealed_whole_it_is_an_error",
        "sealing/test_edges.py::test_every_file_round_trips",
    ],
}


def claims() -> list[str]:
    """Return the bullets of the section, each on one line."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition("## What is protected\n")[2].partition("\n## ")[0]
    bullets = re.findall(r"(?m)^- (.*(?:\n  .*)*)", section)
    return [" ".join(bullet.split()) for bullet in bullets]


def test_every_claim_has_a_test() -> None:
    for claim in claims():
        assert sum(claim.startswith(start) for start in CLAIMS) == 1, claim
    assert len(claims()) == len(CLAIMS)


@cache
def functions_in(name: str) -> set[str]:
    """Return the names of the tests in a module."""
    tree = ast.parse((TESTS / name).read_text(encoding="utf-8"))
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


@pytest.mark.parametrize("node", sorted({node for nodes in CLAIMS.values() for node in nodes}))
def test_the_test_exists(node: str) -> None:
    name, _, function = node.partition("::")
    assert function in functions_in(name)
