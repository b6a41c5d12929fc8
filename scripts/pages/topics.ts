// docs/reference/topics.md: the topic catalogue for people.

import { HOUR } from '#libs/base'
import { catalogue, gatewayInbox } from '#libs/topics'
import type { Topic } from '#libs/topics'
import { GENERATED, table } from './page.js'
import type { Page } from './page.js'

const MEBIBYTE = 1024 * 1024

function retentionText({ retention }: Topic): string {
  switch (retention.kind) {
    case 'compacted':
      return 'the last record of each key'
    case 'trimmed':
      return 'until its owner has done with it'
    case 'limited': {
      const hours = retention.millis / HOUR
      const time =
        hours < 1
          ? `${String(hours * 60)} min`
          : hours < 48
            ? `${String(hours)} h`
            : `${String(hours / 24)} days`
      return `${time} or ${String(retention.bytes / MEBIBYTE)} MiB`
    }
  }
}

const rowOf = (topic: Topic): string[] => [
  `\`${topic.name}\``,
  topic.kind,
  topic.partitioning,
  retentionText(topic),
  topic.owner ?? '',
  topic.memory ? 'in memory' : 'on disk',
  topic.why,
]

export const topicsPage: Page = {
  path: 'docs/reference/topics.md',
  render() {
    const topics: Topic[] = [...Object.values(catalogue), gatewayInbox('<name>')]
    const head = ['Topic', 'Kind', 'Partitions', 'Kept', 'Owner', 'Standalone', 'Why']
    return `${GENERATED}# Topics

An inbox asks one service for something, a state topic says what its owner decided, a stream carries messages. Only the
owner writes a state topic and reads an inbox; streams without an owner are written by several services.

${table(head, topics.map(rowOf))}
`
  },
}
