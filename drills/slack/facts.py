"""The facts about Slack's methods that the stand-in keeps to.

Source: docs.slack.dev method pages as collected by slack-ruby/slack-api-ref (MIT, August 2026). A
tier is the least number of calls per minute, per method and workspace; None is a special limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class TokenKind(Enum):
    """Which token a method takes."""

    NONE = "none"
    BOT = "bot"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method: who may call it, how often, with what, and how it may fail.

    `scopes` lists alternatives, any one of which is enough; `errors` are its documented codes
    beside the common ones. `json_body` is False where Slack reads form fields only.
    """

    tier: int | None
    scopes: tuple[str, ...]
    required: tuple[str, ...]
    errors: frozenset[str]
    token: TokenKind = TokenKind.BOT
    json_body: bool = True


def _method(
    tier: int | None,
    *,
    errors: str,
    scopes: str = "",
    required: str = "",
    token: TokenKind = TokenKind.BOT,
    json_body: bool = True,
) -> Method:
    return Method(
        tier=tier,
        scopes=tuple(scopes.split()),
        required=tuple(required.split()),
        errors=frozenset(errors.split()),
        token=token,
        json_body=json_body,
    )


_COMMON = (
    "access_denied accesslimited account_inactive deprecated_endpoint "
    "ekm_access_denied enterprise_is_restricted fatal_error internal_error "
    "invalid_arg_name invalid_arguments invalid_array_arg invalid_auth "
    "invalid_charset invalid_form_data invalid_post_type is_bot method_deprecated "
    "missing_post_type missing_scope no_permission not_allowed_token_type not_authed "
    "org_login_required ratelimited request_timeout service_unavailable "
    "team_access_not_granted team_added_to_org token_expired token_revoked "
    "two_factor_setup_required unknown_method"
)

COMMON_ERRORS: frozenset[str] = frozenset(_COMMON.split())

METHODS: Mapping[str, Method] = {
    "auth.test": _method(
        None,
        errors="",
    ),
    "apps.connections.open": _method(
        50,
        scopes="connections:write",
        token=TokenKind.APP,
        errors="forbidden_team insecure_request missing_args",
    ),
    "blocks.validate": _method(
        None,
        token=TokenKind.NONE,
        errors="invalid_blocks invalid_message invalid_view",
    ),
    "bookmarks.add": _method(
        20,
        scopes="bookmarks:write",
        required="title type",
        errors=(
            "cannot_bookmark_from_external_org cannot_bookmark_restricted_sharing_enabled "
            "channel_not_found file_already_added file_not_found invalid_app_action_type "
            "invalid_bookmark_type invalid_child_type invalid_emoji invalid_entity_id "
            "invalid_link invalid_parent_type invalid_shortcut_type not_implemented "
            "parent_bookmark_disabled parent_with_link permission_denied "
            "slack_connect_blocked_file_type slack_connect_clip_sharing_blocked "
            "slack_connect_file_upload_sharing_blocked too_many_bookmarks "
            "too_many_requests too_many_tabs"
        ),
    ),
    "bookmarks.list": _method(
        50,
        scopes="bookmarks:read",
        errors="channel_not_found not_implemented",
    ),
    "chat.delete": _method(
        50,
        scopes="chat:write",
        required="ts channel",
        errors="cant_delete_message channel_not_found message_not_found",
    ),
    "chat.getPermalink": _method(
        None,
        required="channel message_ts",
        json_body=False,
        errors="channel_not_found message_not_found",
    ),
    "chat.postEphemeral": _method(
        100,
        scopes="chat:write",
        required="user channel",
        errors=(
            "cannot_reply_to_message channel_not_found invalid_attachments invalid_blocks "
            "invalid_blocks_format is_archived markdown_text_conflict "
            "message_limit_exceeded messages_tab_disabled msg_too_long no_text "
            "not_in_channel restricted_action too_many_attachments user_not_in_channel"
        ),
    ),
    "chat.postMessage": _method(
        None,
        scopes="chat:write",
        required="channel",
        errors=(
            "app_access_restricted as_user_not_supported "
            "attachment_payload_limit_exceeded cannot_reply_to_message channel_not_found "
            "draft_already_deleted draft_already_sent draft_has_conflict draft_not_found "
            "duplicate_channel_not_found duplicate_message_not_found invalid_blocks "
            "invalid_blocks_format invalid_metadata_format invalid_metadata_schema "
            "is_archived markdown_text_conflict message_limit_exceeded "
            "messages_tab_disabled metadata_must_be_sent_from_app metadata_too_large "
            "missing_file_data msg_blocks_too_long no_text not_in_channel rate_limited "
            "restricted_action restricted_action_non_threadable_channel "
            "restricted_action_read_only_channel restricted_action_thread_locked "
            "restricted_action_thread_only_channel send_on_behalf_not_allowed "
            "slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked "
            "slack_connect_lists_sharing_blocked team_not_found too_many_attachments "
            "too_many_contact_cards"
        ),
    ),
    "chat.update": _method(
        50,
        scopes="chat:write",
        required="ts channel",
        errors=(
            "as_user_not_supported block_mismatch blocked_file_type "
            "cant_broadcast_message cant_update_message channel_not_found "
            "edit_window_closed external_channel_migrating file_deleted file_is_deleted "
            "file_not_found file_share_limit_reached invalid_attachments invalid_blocks "
            "invalid_blocks_format invalid_metadata_format invalid_metadata_schema "
            "is_inactive markdown_text_conflict max_file_sharing_exceeded "
            "message_limit_exceeded message_not_found metadata_must_be_sent_from_app "
            "metadata_too_large msg_too_long no_dual_broadcast_content_update no_text "
            "posting_to_channel_denied slack_connect_blocked_file_type "
            "slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked "
            "slack_connect_file_link_sharing_blocked "
            "slack_connect_file_upload_sharing_blocked streaming_state_conflict "
            "team_not_found too_many_attachments unable_to_share_files update_failed"
        ),
    ),
    "conversations.archive": _method(
        20,
        scopes="groups:write im:write mpim:write channels:write channels:manage",
        required="channel",
        errors=(
            "already_archived cant_archive_general cant_archive_required "
            "channel_not_found method_not_supported_for_channel_type not_in_channel "
            "restricted_action"
        ),
    ),
    "conversations.create": _method(
        20,
        scopes="groups:write im:write mpim:write channels:write channels:manage",
        required="name",
        errors=(
            "cannot_create_channel canvas_disabled_user_team invalid_name "
            "invalid_name_maxlength invalid_name_punctuation invalid_name_required "
            "invalid_name_specials missing_argument name_taken no_channel "
            "restricted_action"
        ),
    ),
    "conversations.history": _method(
        50,
        scopes="groups:history im:history mpim:history channels:history",
        required="channel",
        errors=(
            "channel_is_limited_access channel_not_found invalid_cursor "
            "invalid_metadata_filter_keys invalid_ts_latest invalid_ts_oldest "
            "not_in_channel"
        ),
    ),
    "conversations.info": _method(
        50,
        scopes="groups:read im:read mpim:read channels:read",
        required="channel",
        json_body=False,
        errors="channel_is_limited_access channel_not_found",
    ),
    "conversations.invite": _method(
        50,
        scopes=(
            "channels:write.invites groups:write.invites channels:manage groups:write "
            "im:write mpim:write"
        ),
        required="channel users",
        errors=(
            "already_in_channel app_cannot_join_channel cant_invite cant_invite_self "
            "channel_not_found external_channel_migrating invitee_cant_see_channel "
            "is_archived method_not_supported_for_channel_type "
            "no_external_invite_permission no_user not_in_channel org_user_not_in_team "
            "ura_max_channels user_is_restricted user_not_found"
        ),
    ),
    "conversations.join": _method(
        50,
        scopes="channels:join",
        required="channel",
        errors=(
            "channel_is_limited_access channel_not_found is_archived "
            "method_not_supported_for_channel_type too_many_members"
        ),
    ),
    "conversations.list": _method(
        20,
        scopes="groups:read im:read mpim:read channels:read",
        json_body=False,
        errors=(
            "invalid_cursor invalid_limit invalid_types "
            "method_not_supported_for_channel_type missing_argument"
        ),
    ),
    "conversations.members": _method(
        100,
        scopes="groups:read im:read mpim:read channels:read",
        required="channel",
        json_body=False,
        errors=(
            "channel_not_found fetch_members_failed invalid_cursor invalid_limit "
            "method_not_supported_for_channel_type"
        ),
    ),
    "conversations.rename": _method(
        20,
        scopes="groups:write im:write mpim:write channels:write channels:manage",
        required="channel name",
        errors=(
            "channel_not_found invalid_name invalid_name_maxlength "
            "invalid_name_punctuation invalid_name_required invalid_name_specials "
            "is_archived method_not_supported_for_channel_type name_taken not_authorized "
            "not_in_channel"
        ),
    ),
    "conversations.replies": _method(
        50,
        scopes="groups:history im:history mpim:history channels:history",
        required="channel ts",
        json_body=False,
        errors=(
            "channel_not_found invalid_cursor invalid_metadata_filter_keys "
            "invalid_ts_latest invalid_ts_oldest list_record_comment_fetch_failed "
            "method_not_supported_for_channel_type thread_not_found"
        ),
    ),
    "conversations.setPurpose": _method(
        20,
        scopes=(
            "channels:write.topic groups:write.topic mpim:write.topic im:write.topic "
            "channels:manage groups:write im:write mpim:write"
        ),
        required="channel purpose",
        errors=(
            "channel_not_found is_archived method_not_supported_for_channel_type "
            "not_in_channel too_long user_is_restricted"
        ),
    ),
    "conversations.setTopic": _method(
        20,
        scopes=(
            "channels:write.topic groups:write.topic mpim:write.topic im:write.topic "
            "channels:manage groups:write im:write mpim:write"
        ),
        required="channel topic",
        errors=(
            "channel_not_found is_archived method_not_supported_for_channel_type "
            "not_in_channel too_long user_is_restricted"
        ),
    ),
    "conversations.unarchive": _method(
        20,
        scopes="groups:write im:write mpim:write channels:write channels:manage",
        required="channel",
        errors="channel_not_found method_not_supported_for_channel_type not_archived",
    ),
    "pins.add": _method(
        20,
        scopes="pins:write",
        required="channel",
        errors=(
            "already_pinned bad_timestamp channel_not_found external_channel_migrating "
            "file_not_found file_not_shared message_not_found no_item_specified "
            "not_in_channel not_pinnable restricted_action too_many_pins"
        ),
    ),
    "pins.list": _method(
        20,
        scopes="pins:read",
        required="channel",
        json_body=False,
        errors="channel_not_found restricted_action",
    ),
    "reactions.add": _method(
        50,
        scopes="reactions:write",
        required="name timestamp channel",
        errors=(
            "already_reacted bad_timestamp channel_not_found external_channel_migrating "
            "invalid_name is_archived message_not_found no_access no_item_specified "
            "not_reactable thread_locked too_many_emoji too_many_reactions"
        ),
    ),
    "usergroups.users.list": _method(
        20,
        scopes="usergroups:read",
        required="usergroup",
        json_body=False,
        errors="invalid_cursor no_such_subteam plan_upgrade_required",
    ),
    "users.info": _method(
        100,
        scopes="users:read",
        required="user",
        json_body=False,
        errors="too_many_users user_not_found user_not_visible",
    ),
    "users.list": _method(
        20,
        scopes="users:read",
        json_body=False,
        errors="invalid_cursor limit_required missing_argument",
    ),
    "views.open": _method(
        100,
        required="view",
        errors=(
            "duplicate_external_id exchanged_trigger_id expired_trigger_id "
            "invalid_trigger_id view_too_large"
        ),
    ),
    "views.publish": _method(
        100,
        required="user_id view",
        errors=(
            "duplicate_external_id hash_conflict missing_profile_id not_enabled "
            "not_implemented view_too_large"
        ),
    ),
    "views.push": _method(
        100,
        required="view",
        errors=(
            "duplicate_external_id exchanged_trigger_id expired_trigger_id "
            "invalid_trigger_id not_found push_limit_reached view_too_large"
        ),
    ),
    "views.update": _method(
        100,
        required="view",
        errors="duplicate_external_id hash_conflict not_found view_too_large",
    ),
}
