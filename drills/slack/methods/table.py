"""Which function answers which method."""

from collections.abc import Mapping

from drills.slack.methods import account, chat, marks, modals, reading, rooms
from drills.slack.methods.places import Handler

HANDLERS: Mapping[str, Handler] = {
    "apps.connections.open": account.connections_open,
    "auth.test": account.auth_test,
    "blocks.validate": modals.validate,
    "bookmarks.add": marks.bookmarks_add,
    "bookmarks.list": marks.bookmarks_list,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update,
    "conversations.archive": rooms.archive,
    "conversations.create": rooms.create,
    "conversations.history": reading.history,
    "conversations.info": reading.info,
    "conversations.invite": rooms.invite,
    "conversations.join": rooms.join,
    "conversations.list": reading.listing,
    "conversations.members": reading.members,
    "conversations.rename": rooms.rename,
    "conversations.replies": reading.replies,
    "conversations.setPurpose": rooms.set_purpose,
    "conversations.setTopic": rooms.set_topic,
    "conversations.unarchive": rooms.unarchive,
    "pins.add": marks.pins_add,
    "pins.list": marks.pins_list,
    "reactions.add": marks.reactions_add,
    "usergroups.users.list": account.usergroups_users_list,
    "users.info": account.users_info,
    "users.list": account.users_list,
    "views.open": modals.open_view,
    "views.publish": modals.publish,
    "views.push": modals.push,
    "views.update": modals.update,
}
